"""Beyond 07: attention. Weigh values by how well keys match queries, without the table of scores.

Task
    Return scaled dot product attention. The score of query i and key j is their dot product over
    sqrt(d); a softmax over the keys j turns the scores of a query into weights, which add up to 1;
    its result is the sum of the rows of `v` with these weights. With `causal=True` query i sees
    the keys 0 to i only, counted from the first one, also where there are more queries than keys
    or fewer.

    Written down like this, a table of n x m scores is needed, which is larger than all else: 4 MiB
    for 1,024 queries and keys of 64 numbers, whose result has 256 KiB. It can be had in less than
    half of that, in fact in a sixteenth. Do not believe a library call before it is measured: the
    one for this job builds the whole table on the CPU unless its inputs have exactly 4 dims. Extra
    memory on the CPU for q, k and v of these shapes:

        [1024, 64]         2.06 tables of scores, 3.06 if causal
        [1, 1024, 64]      2.06                   3.06
        [1, 1, 1024, 64]   0.06                   0.06

Shapes and units
    q         [..., n, d]   float32 or float64, any device; leading dims may be 0
    k         [..., m, d]   the leading dims, dtype and device of q; m is at least 1
    v         [..., m, d]   like k
    causal    bool
    return    [..., n, d]   dtype and device of q

Rules
    Equal to the plain formula to 1e-5 in float32, also where scores are in the hundreds: exp(89)
    is too large for float32. No budget applies to what is kept for gradients; they must flow.

Budget
    at most 0.5 * 4*n*m bytes of extra memory at n=1024, m=1024, d=64, causal=0
    at most 0.5 * 4*n*m bytes of extra memory at n=1024, m=1024, d=64, causal=1

Hints
    1. Each query needs its own row of scores only. Who says that all rows are there at once?
    Levels 2 and 3: `nox -s hint -- attention`.
"""

from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    raise NotImplementedError  # TODO: your code here
