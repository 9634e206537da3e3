"""Sixteen lanes at a time: a vector type for numba and the dozen operations the fused kernel is written in.

LLVM maps the type onto whatever the processor has (one AVX-512 register, two AVX2, four NEON), so the code is
portable and does not depend on what the auto-vectoriser feels like today. Only compiled functions can use it.

Writing the products of the fused kernel with it doubled their speed against plain loops (docs/performance.md).
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

LANES = 16

_F32, _U32, _BIT = ir.FloatType(), ir.IntType(32), ir.IntType(1)
_INDEX = ir.VectorType(_U32, LANES)


class VectorType(types.Type):
    """A numba type for `LANES` values held in a register; it cannot leave compiled code."""

    def __init__(self, name: str, element: ir.Type) -> None:
        super().__init__(name=name)
        self.llvm = ir.VectorType(element, LANES)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: VectorType) -> None:
        super().__init__(manager, fe_type, fe_type.llvm)


f32 = VectorType("f32x16", _F32)
u32 = VectorType("u32x16", _U32)
mask = VectorType("mask16", _BIT)

_VECTOR_OF = {types.float32: f32, types.uint32: u32}


def _intrinsic(function: Callable[..., Any]) -> Any:
    """Numba's decorator, whose result is called without the typing context that the function declares."""
    return intrinsic(function)


def _operation(result: types.Type, arguments: tuple[types.Type, ...], emit: Callable[..., Any]) -> Any:
    """Make an intrinsic of fixed signature from a function of (builder, *values)."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return emit(builder, *values)

    # numba reads the number of parameters from the function, hence one literal body for each arity
    bodies = {
        1: lambda typing_context, a: (result(*arguments), codegen),
        2: lambda typing_context, a, b: (result(*arguments), codegen),
        3: lambda typing_context, a, b, c: (result(*arguments), codegen),
    }
    return _intrinsic(bodies[len(arguments)])


def _call(name: str, result: ir.Type, *arguments: ir.Type) -> Callable[..., Any]:
    """Emit a call of the named LLVM intrinsic."""
    signature = ir.FunctionType(result, arguments)
    return lambda builder, *values: builder.call(
        cgutils.get_or_insert_function(builder.module, signature, name), values
    )


def _splat(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(_U32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(_INDEX, [0] * LANES))


def _shift_right(builder: Any, a: Any, by: Any) -> Any:
    return builder.lshr(a, _splat(builder, builder.trunc(by, _U32), u32.llvm))


def _zero_unless(builder: Any, keep: Any, a: Any) -> Any:
    return builder.select(keep, a, ir.Constant(f32.llvm, None))


def _bits(builder: Any, a: Any) -> Any:
    return builder.zext(builder.bitcast(a, ir.IntType(LANES)), ir.IntType(64))


def _sum(builder: Any, a: Any) -> Any:
    signature = ir.FunctionType(_F32, [_F32, f32.llvm])
    function = cgutils.get_or_insert_function(builder.module, signature, f"llvm.vector.reduce.fadd.v{LANES}f32")
    return builder.call(function, [ir.Constant(_F32, 0.0), a], fastmath=("reassoc",))


_fma = _call(f"llvm.fma.v{LANES}f32", f32.llvm, f32.llvm, f32.llvm, f32.llvm)
_square_root = _call(f"llvm.sqrt.v{LANES}f32", f32.llvm, f32.llvm)
_count = _call("llvm.ctpop.i64", ir.IntType(64), ir.IntType(64))
_absolute = _call(f"llvm.fabs.v{LANES}f32", f32.llvm, f32.llvm)
_compress = _call(f"llvm.experimental.vector.compress.v{LANES}f32", f32.llvm, f32.llvm, mask.llvm, f32.llvm)

add = _operation(f32, (f32, f32), lambda b, x, y: b.fadd(x, y))
multiply = _operation(f32, (f32, f32), lambda b, x, y: b.fmul(x, y))
fma = _operation(f32, (f32, f32, f32), _fma)  # a * b + c with one rounding
subtract = _operation(f32, (f32, f32), lambda b, x, y: b.fsub(x, y))
divide = _operation(f32, (f32, f32), lambda b, x, y: b.fdiv(x, y))
square_root = _operation(f32, (f32,), _square_root)
positive = _operation(mask, (f32,), lambda b, x: b.fcmp_ordered(">", x, ir.Constant(f32.llvm, None)))
zero_unless = _operation(f32, (mask, f32), _zero_unless)
absolute = _operation(f32, (f32,), _absolute)
total = _operation(types.float32, (f32,), _sum)

integer_add = _operation(u32, (u32, u32), lambda b, x, y: b.add(x, y))
integer_subtract = _operation(u32, (u32, u32), lambda b, x, y: b.sub(x, y))
integer_multiply = _operation(u32, (u32, u32), lambda b, x, y: b.mul(x, y))
integer_xor = _operation(u32, (u32, u32), lambda b, x, y: b.xor(x, y))
shift_right = _operation(u32, (u32, types.int64), _shift_right)
at_most = _operation(mask, (u32, u32), lambda b, x, y: b.icmp_unsigned("<=", x, y))
to_float = _operation(f32, (u32,), lambda b, x: b.uitofp(x, f32.llvm))

both = _operation(mask, (mask, mask), lambda b, x, y: b.and_(x, y))
either = _operation(mask, (mask, mask), lambda b, x, y: b.or_(x, y))
count = _operation(types.int64, (mask,), lambda b, x: _count(b, _bits(b, x)))  # lanes that are set
# moves the lanes that are set to the front, in order, and fills up with 0
compress = _operation(f32, (f32, mask), lambda b, x, keep: _compress(b, x, keep, ir.Constant(f32.llvm, None)))


@_intrinsic
def splat(typing_context: Any, value: Any) -> Any:
    """Copy one float32 or uint32 into every lane."""
    vector = _VECTOR_OF[value]
    return vector(value), lambda context, builder, signature, values: _splat(builder, values[0], vector.llvm)


def _address(context: Any, builder: Any, signature: Any, values: Any, vector: ir.VectorType) -> Any:
    array = context.make_array(signature.args[0])(context, builder, values[0])
    return builder.bitcast(builder.gep(array.data, [values[1]]), vector.as_pointer())


@_intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """Read lanes index ... index + 15 of a flat contiguous array; nothing checks the bounds."""
    vector = _VECTOR_OF[array.dtype]

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_address(context, builder, signature, values, vector.llvm), align=4)

    return vector(array, types.intp), codegen


@_intrinsic
def store(typing_context: Any, array: Any, index: Any, value: Any) -> Any:
    """Write lanes index ... index + 15 of a flat contiguous array; nothing checks the bounds."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _address(context, builder, signature, values, value.llvm), align=4)
        return context.get_dummy_value()

    return types.none(array, types.intp, value), codegen


@_intrinsic
def totals(typing_context: Any, rows: Any) -> Any:
    """Sum each of sixteen vectors: lane r of the result is the total of rows[r].

    A tree of 15 shuffled additions, a quarter of the work of sixteen separate totals.
    """

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        level = [builder.extract_value(values[0], r) for r in range(LANES)]
        width = 1  # lanes of each input that belong to one output group after this round
        while len(level) > 1:
            level = [_fold(builder, a, b, width) for a, b in zip(level[::2], level[1::2], strict=True)]
            width *= 2
        return level[0]

    return f32(rows), codegen


def _fold(builder: Any, a: Any, b: Any, width: int) -> Any:
    """Add neighbouring groups of lanes; the sums of a come to the groups' even places, those of b to the odd ones.

    After round t a vector holds the partial sums of 2^t rows, row r in the lanes that are r modulo 2^t.
    """
    even = [lane // (2 * width) * (2 * width) + lane % width for lane in range(LANES)]
    from_b = [lane % (2 * width) >= width for lane in range(LANES)]
    first = [i + LANES * odd for i, odd in zip(even, from_b, strict=True)]
    second = [i + width for i in first]
    shuffle = [builder.shuffle_vector(a, b, ir.Constant(_INDEX, order)) for order in (first, second)]
    return builder.fadd(*shuffle)
