"""From a name to a kernel."""

from tegum.ground.errors import InputError
from tegum.kernels.interface import AbstractKernel
from tegum.problem import TrainSettings

NAMES = ("auto", "fused", "reference", "reference:DEVICE")


def choose_kernel(kernel: str | AbstractKernel, settings: TrainSettings) -> AbstractKernel:
    """The kernel that a name stands for; `auto` takes the fused one unless float64 is asked for.

    Raises:
        InputError: no kernel has this name.

    Example:
        >>> choose_kernel("auto", TrainSettings()).name
        'fused'
        >>> choose_kernel("auto", TrainSettings(precision="float64")).name
        'reference'
    """
    # imported here: torch takes seconds to load, and a run needs only one of the two
    if isinstance(kernel, AbstractKernel):
        return kernel
    if not isinstance(kernel, str):
        raise InputError(
            f"a kernel is given by name or as a tegum kernel; got {kernel!r}. Use one of {', '.join(NAMES)}."
        )
    name, _, device = kernel.partition(":")
    if device and name in ("auto", "fused"):
        raise InputError(
            f"only the reference kernel takes a device; got {kernel!r}. Use 'reference:{device}' or {name!r}."
        )
    if name == "fused" or (name == "auto" and settings.precision == "float32"):
        from tegum.kernels.fused import FusedKernel

        return FusedKernel()
    if name in ("reference", "auto"):
        from tegum.kernels.reference import ReferenceKernel

        return ReferenceKernel(device or "cpu")
    raise InputError(f"there is no kernel {kernel!r}; expected one of {', '.join(NAMES)}.")
