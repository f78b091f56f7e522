"""The formats of graphs that a configuration can be exported in, and the reasons why another one cannot."""

from privsearch.errors import SpecError
from privsearch.spec import TrialSpec
from privsearch.spec.export_formats import ExportFormat, GraphFormat

_RESET = (
    "a neuron of NIR is set to a fixed membrane in the step in which it fires, and one of privsearch, as of snnTorch, "
    "loses the threshold a step later, so that the same weights would give other spikes"
)


def checked_format(asked: ExportFormat | None, spec: TrialSpec) -> GraphFormat | None:
    """Return the format if networks of a configuration can be written in it; None if none is asked for.

    Raises:
        SpecError: they cannot, or a package is not installed.
    """
    if asked is None:
        return None
    if asked == "nir" and spec.model == "ann":
        raise SpecError("--format nir is for spiking networks, but this is an ANN; use --format onnx or qonnx, or none")
    if asked == "nir":
        raise SpecError(f"--format nir must mean the network that was trained, but {_RESET}; model.py is that network")
    if spec.model != "ann":
        raise SpecError(
            f"--format {asked} is for ANNs, but this is of the model {spec.model}; export it without, as model.py runs "
            "every step of it"
        )
    if spec.precision != "fp32":
        raise SpecError(
            f"--format {asked} writes products of 32 bits, but this network computes with precision {spec.precision}; "
            "export it without"
        )
    from privsearch.models.onnx_graph import require_packages

    require_packages(asked)
    return asked
