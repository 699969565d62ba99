"""Grader of checkerboard: two pictures by broadcasting, and a short training with autocast."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    HostSyncs,
    Spec,
    Tolerance,
    normal,
    require,
    same_as_reference,
    value,
)
from torchkata.probes import TwoLayers, adam_descent, autocast_changes, training_problem


def slow_grid(width, height):
    rows = range(height)
    along = [[j / width for j in range(width)] for i in rows]
    down = [[i / height for _ in range(width)] for i in rows]
    return torch.tensor([along, down])


def slow_checker(width, height, freq):
    squares = [
        [(j * freq // width + i * freq // height) % 2 for j in range(width)] for i in range(height)
    ]
    return torch.tensor(squares, dtype=torch.float32)


def trained(kata, first, last, x, y, steps):
    """Train a net with given weights; its losses and parameters."""
    net = TwoLayers(first, last)
    losses = kata.train(net, x, y, steps, 0.05, amp=False)
    return {"losses": losses, "parameters": net.summary()["parameters"]}


def slow_adam(first, last, x, y, steps):
    found = adam_descent(first, last, x, y, steps, lr=0.05)
    return found | {"losses": [float(loss) for loss in found["losses"]]}


SPEC = Spec(
    Function(
        "grid",
        inputs={"width": value("w"), "height": value("h")},
        naive=slow_grid,
        cases=(
            Case("one pixel", w=1, h=1),
            Case("one row", w=5, h=1),
            Case("one column", w=1, h=4),
            Case("wide", w=7, h=3),
        ),
        check_variants=False,
    ),
    Function(
        "checker",
        inputs={"width": value("w"), "height": value("h"), "freq": value("f")},
        naive=slow_checker,
        cases=(
            Case("one pixel", w=1, h=1, f=3),
            Case("one square", w=3, h=2, f=1),
            Case("squares of unequal size", w=11, h=7, f=4),
            Case("a square for each pixel", w=22, h=41, f=22),
            Case("more squares than pixels", w=5, h=3, f=7),
        ),
        check_variants=False,
    ),
    EntryPoint("train"),
    Function(
        "trained",
        adapter=trained,
        inputs={
            "first": normal("i h"),
            "last": normal("h o"),
            "x": normal("n i"),
            "y": normal("n o"),
            "steps": value("s"),
        },
        naive=slow_adam,
        cases=(
            Case("one step", n=5, i=2, h=3, o=1, s=1),
            Case("a few steps", n=9, i=2, h=8, o=3, s=6),
        ),
        gradient=False,
        tolerance=Tolerance(rtol=1e-3, atol=1e-4),
        budget=(HostSyncs(1),),
        variant_case="a few steps",
    ),
    stub_digest="9dcecb512b663df9",
)


def observed(kata, first, last, x, y, amp):
    """Train for three steps; what the net gave out, and what there is afterwards."""
    net = TwoLayers(first, last)
    with autocast_changes(x.device.type) as left:
        losses = kata.train(net, x, y, 3, 0.05, amp)
    kinds = [type(loss).__name__ for loss in losses] if isinstance(losses, list) else losses
    return net.summary() | {"losses": losses, "kinds": kinds, "left": left}


def learnt(kata, inputs, targets, amp):
    """Train 1x1 convolutions of 32 channels on a picture."""
    torch.manual_seed(1)
    layers = []
    for ins, outs in ((2, 32), (32, 32), (32, 32), (32, 1)):
        layers += [torch.nn.Conv2d(ins, outs, 1), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1]).to(inputs.device)
    return kata.train(net, inputs, targets, 40, 0.02, amp)


def picture(kata, width, height, freq):
    return kata.grid(width, height)[None], kata.checker(width, height, freq)[None, None]


def judge_learning(submission, device="cpu"):
    inputs, targets = submission.run(picture, 16, 16, 2)
    for amp in (False, True):
        losses = submission.run(learnt, inputs, targets, amp, device=device)
        course = (
            f"With amp={amp} on {device} the loss goes from {losses[0]:.3f} to {losses[-1]:.3f}"
        )
        require(
            not torch.tensor(losses).isnan().any(),
            f"{course}. Once a loss is nan, so are all gradients and parameters after it: look for "
            "a division by 0, or for numbers too large for 16 bits.",
        )
        require(
            losses[-1] < 0.5 * losses[0],
            f"{course} in 40 steps; at least half of it has to disappear.",
            share_left=losses[-1] / losses[0],
        )


def judge_dtypes(submission, reference, generator, amp, device="cpu"):
    given, where = (*training_problem(generator), amp), f"With amp={amp} on {device}"
    got, expected = (who.run(observed, *given, device=device) for who in (submission, reference))
    outputs, wanted = (", ".join(sorted(set(seen["outputs"]))) for seen in (got, expected))
    require(
        outputs == wanted,
        f"{where} the net gives out {outputs}, expected {wanted}. Autocast is for the device type "
        "of the inputs, in its default low precision, and on only if amp says so.",
    )
    kinds = {str(parameter.dtype) for parameter in got["parameters"].values()}
    require(
        kinds == {"torch.float32"},
        f"{where} the parameters end as {', '.join(sorted(kinds))}; they have to stay float32. "
        "Autocast casts copies of them; the net itself is not to be cast.",
    )
    require(not got["left"], f"{where} a training changes autocast ({'; '.join(got['left'])}).")


def test_contract_floats(submission, generator):
    """The losses are Python floats, one for each step."""
    for amp in (False, True):
        kinds = submission.run(observed, *training_problem(generator), amp)["kinds"]
        require(
            kinds == ["float"] * 3,
            f"Three steps give the losses {kinds}; a list of three Python floats is due.",
        )


def test_dtype_under_autocast(submission, reference, generator):
    """With amp the net runs in the low precision, without it in float32."""
    for amp in (True, False):
        judge_dtypes(submission, reference, generator, amp)


def test_values_with_amp(submission, reference, generator):
    """With amp the first losses are the reference's, as far as 16 bits tell."""
    what, loose = {"losses": "the losses with amp=True"}, Tolerance(rtol=0.02, atol=0.02)
    given = *training_problem(generator), True
    same_as_reference(submission, reference, observed, *given, what=what, tolerance=loose)


def test_values_learns(submission):
    """The net learns a picture of 16x16 pixels with 2x2 squares."""
    judge_learning(submission)


def test_device_low_precision(submission, reference, device, generator):
    """On another device autocast is that device's own, and the net learns there."""
    judge_dtypes(submission, reference, generator, amp=True, device=device)
    judge_learning(submission, device)
