"""Grader of checkerboard: two images, and a short training with and without autocast."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    HostSyncs,
    Spec,
    Tolerance,
    _,
    equal,
    none_of,
    normal,
    require,
    same_as_reference,
    value,
)
from torchkata.probes import (
    TwoLayers,
    adam_descent,
    autocast_changes,
    module_changes,
    training_problem,
)


def grid_by_loops(width, height):
    rows, columns = range(height), range(width)
    x = [[j / width for j in columns] for _i in rows]
    y = [[i / height for _j in columns] for i in rows]
    return torch.tensor([x, y])


def checker_by_loops(width, height, freq):
    squares = [
        [(j * freq // width + i * freq // height) % 2 for j in range(width)] for i in range(height)
    ]
    return torch.tensor(squares, dtype=torch.float32)


NO_TENSORS = {
    "dtypes": (torch.float32,),
    "layouts": (),
    "gradient": False,
    "device": False,
    "purity": False,
}
RULES = {
    "Train `net` in place": "values[train(amp=False): a few steps]",
    "do not modify inputs": "purity[train(amp=False)]",
    "keep their dtype": ("dtype[under autocast]", "dtype[train(amp=False): float64]"),
    "do not accumulate": "values[train(amp=False): a few steps]",
    "Leave the settings": ("dtype[under autocast]", "purity[mode of the net]"),
    "On a checkerboard": "values[learns]",
    "you may use": None,
}
FLOAT64 = {torch.float64: Tolerance(rtol=1e-7, atol=1e-9)}


def train_without_autocast(kata, first, last, x, y, steps):
    """Train a net with given weights; return its losses and parameters."""
    net = TwoLayers(first, last)
    losses = kata.train(net, x, y, steps, 0.05, amp=False)
    return {"losses": losses, "parameters": net.summary()["parameters"]}


def adam_by_formula(first, last, x, y, steps):
    result = adam_descent(first, last, x, y, steps, lr=0.05)
    return result | {"losses": [float(loss) for loss in result["losses"]]}


SPEC = Spec(
    Function(
        "grid",
        inputs={"width": value("w"), "height": value("h")},
        naive=grid_by_loops,
        cases=(
            Case("one pixel", w=1, h=1),
            Case("one row", w=5, h=1),
            Case("one column", w=1, h=4),
            Case("wide", w=7, h=3),
            Case("1,200 pixels in a row", w=1200, h=1),
            Case("1,200 pixels in a column", w=1, h=1200),
        ),
        **NO_TENSORS,
    ),
    Function(
        "checker",
        inputs={"width": value("w"), "height": value("h"), "freq": value("f")},
        naive=checker_by_loops,
        cases=(
            Case("one pixel", w=1, h=1, f=3),
            Case("one square", w=3, h=2, f=1),
            Case("squares of unequal size", w=11, h=7, f=4),
            Case("one square per column", w=22, h=41, f=22),
            Case("more squares than pixels", w=5, h=3, f=7),
            Case("1,200 pixels in a row", w=1200, h=1, f=1100),
            Case("1,200 pixels in a column", w=1, h=1200, f=7),
        ),
        **NO_TENSORS,
    ),
    EntryPoint("train"),
    Function(
        "train(amp=False)",
        adapter=train_without_autocast,
        inputs={
            "first": normal("i h"),
            "last": normal("h o"),
            "x": normal("n i"),
            "y": normal("n o"),
            "steps": value("s"),
        },
        naive=adam_by_formula,
        cases=(
            Case("one step", n=5, i=2, h=3, o=1, s=1),
            Case("a few steps", n=9, i=2, h=8, o=3, s=6),
            Case("70 steps in float64", axis="dtype", n=6, i=2, h=4, o=1, s=70, tolerance=FLOAT64),
        ),
        gradient=False,
        tolerance=Tolerance(rtol=1e-3, atol=1e-4),
        budget=(HostSyncs(1),),
        variant_case="a few steps",
    ),
    stub_digest="f6d72c82fa94b48b",
)


def three_steps(kata, first, last, x, y, amp):
    """Train for three steps; return the losses, their types, and what was recorded."""
    net = TwoLayers(first, last)
    with module_changes(net) as of_net, autocast_changes(x.device.type) as changes:
        losses = kata.train(net, x, y, 3, 0.05, amp)
    is_list = isinstance(losses, list)
    return net.summary() | {
        "losses": losses,
        "container": type(losses).__name__,
        "types": [type(loss).__name__ for loss in losses] if is_list else [],
        "changes": changes,
        "changed modes": of_net["mode"],
    }


def losses_of_convolutions(kata, inputs, targets, amp):
    """Train 1x1 convolutions with 32 channels on an image."""
    torch.manual_seed(1)
    layers = []
    for ins, outs in ((2, 32), (32, 32), (32, 32), (32, 1)):
        layers += [torch.nn.Conv2d(ins, outs, 1), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1]).to(inputs.device)
    return kata.train(net, inputs, targets, 40, 0.02, amp)


def inputs_and_targets(kata, width, height, freq):
    return kata.grid(width, height)[None], kata.checker(width, height, freq)[None, None]


def require_learning(submission, device="cpu"):
    inputs, targets = submission.run(inputs_and_targets, 16, 16, 2)
    for amp in (False, True):
        losses = submission.run(losses_of_convolutions, inputs, targets, amp, device=device)
        values = {"amp": amp, "device": device, "first": losses[0], "last": losses[-1]}
        require(
            not torch.tensor(losses).isnan().any(),
            _(
                "With amp={amp} on {device}, the loss changes from {first:.3f} to {last:.3f}. If a "
                "loss is nan, all gradients and parameters after it are nan too. Look for a "
                "division by 0, or for numbers that are too large for 16 bits.",
                **values,
            ),
        )
        require(
            losses[-1] < 0.5 * losses[0],
            _(
                "With amp={amp} on {device}, the loss changes from {first:.3f} to {last:.3f} in 40 "
                "steps; it must fall below half of the first one.",
                **values,
            ),
            share_left=losses[-1] / losses[0],
        )


def require_dtypes(submission, reference, generator, amp, device="cpu"):
    arguments = *training_problem(generator), amp
    got, expected = (
        subject.run(three_steps, *arguments, device=device) for subject in (submission, reference)
    )
    mine, theirs = (sorted(set(steps["outputs"])) for steps in (got, expected))
    equal(
        mine,
        theirs,
        what=_("The dtypes of the outputs with amp={amp} on {device}", amp=amp, device=device),
        why=_(
            "Enable autocast only if amp is True, for the device type of the inputs, in its "
            "default low precision."
        ),
    )
    equal(
        sorted({str(parameter.dtype) for parameter in got["parameters"].values()}),
        ["torch.float32"],
        what=_("The dtypes of the parameters after training"),
        why=_("Autocast converts copies of them; do not convert the net itself."),
    )
    none_of(got["changes"], what=_("Settings of autocast that training changes"))


def test_contract_floats(submission, generator):
    """The losses are a list of Python floats, one for each step."""
    for amp in (False, True):
        got = submission.run(three_steps, *training_problem(generator), amp)
        equal(got["container"], "list", what=_("The type of the losses"))
        equal(got["types"], ["float"] * 3, what=_("The types of the losses of three steps"))


def test_purity_mode_of_the_net(submission, generator):
    """The net is in the same mode as before."""
    for amp in (False, True):
        got = submission.run(three_steps, *training_problem(generator), amp)
        equal(len(got["changed modes"]), 0, what=_("The number of modules whose mode changes"))


def test_dtype_under_autocast(submission, reference, generator):
    """The net runs in low precision with amp=True, and in float32 with amp=False."""
    for amp in (True, False):
        require_dtypes(submission, reference, generator, amp)


def test_values_with_amp(submission, reference, generator):
    """With amp=True, the first losses match the reference up to the precision of 16 bits."""
    arguments = *training_problem(generator), True
    what, loose = {"losses": _("the losses with amp=True")}, Tolerance(rtol=0.02, atol=0.02)
    same_as_reference(submission, reference, three_steps, *arguments, what=what, tolerance=loose)


def test_values_learns(submission):
    """The net learns an image of 16x16 pixels with 2x2 squares."""
    require_learning(submission)


def test_device_low_precision(submission, reference, device, generator):
    """On another device, autocast uses the low precision of its type, and the net learns."""
    require_dtypes(submission, reference, generator, amp=True, device=device)
    require_learning(submission, device)
