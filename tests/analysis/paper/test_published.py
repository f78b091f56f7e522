import pandas as pd
import pytest

from privsearch.analysis.paper.published import QUANTITIES, published_cells

DATASETS = ["mnist", "fashion_mnist", "cifar10", "iris", "breast_cancer"]
GRADIENTS = ["fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through"]


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return published_cells()


def test_every_configuration_of_both_tables_is_there_once(published: pd.DataFrame) -> None:
    """Table II has 5 datasets x 4 bit widths x 2 models, Table III 5 datasets x 5 surrogate gradients."""
    rows = published.astype(object).where(published.notna(), None)
    two, three = rows[rows["table"] == "II"], rows[rows["table"] == "III"]
    assert set(zip(two["dataset"], two["model"], two["weight_bit_width"], strict=True)) == {
        (dataset, model, width) for dataset in DATASETS for model in ("ann", "snn") for width in (None, 8, 4, 2)
    }
    assert set(zip(three["dataset"], three["surrogate_gradient"], strict=True)) == {
        (dataset, gradient) for dataset in DATASETS for gradient in GRADIENTS
    }
    assert (len(two), len(three)) == (40, 25)
    assert set(three["model"]) == {"snn"}
    assert set(two.loc[two["model"] == "snn", "surrogate_gradient"]) == {"fast_sigmoid"}


@pytest.mark.parametrize(
    ("configuration", "printed"),
    [
        (("II", "mnist", "ann", None), (99.96, 0.03, 99.21, 0.01, 0.5900, 0.008)),
        (("II", "mnist", "ann", 4), (99.85, 0.04, 99.12, 0.04, 0.5800, 0.003)),
        (("II", "mnist", "snn", 2), (99.88, 0.03, 99.11, 0.04, 0.4993, 0.005)),
        (("II", "fashion_mnist", "snn", 8), (96.49, 0.91, 92.00, 0.10, 0.5022, 0.003)),
        (("II", "cifar10", "ann", None), (99.24, 0.08, 79.20, 0.43, 0.8200, 0.095)),
        (("II", "cifar10", "snn", 8), (72.37, 0.44, 73.39, 0.13, 0.5250, 0.022)),
        (("II", "iris", "ann", 4), (85.56, 1.05, 91.11, 1.92, 0.7163, 0.160)),
        (("II", "breast_cancer", "ann", 2), (97.80, 0.46, 97.54, 0.40, 0.5800, 0.013)),
        (("III", "cifar10", "snn", "triangular"), (21.43, 0.76, 23.92, 0.86, 0.550, 0.036)),
        (("III", "iris", "snn", "straight_through"), (97.50, 0.04, 100.0, 0.00, 0.542, 0.108)),
        (("III", "breast_cancer", "snn", "atan"), (100.0, 0.00, 97.37, 0.11, 0.538, 0.015)),
        (("III", "mnist", "snn", "spike_rate_escape"), (99.97, 0.01, 99.25, 0.03, 0.508, 0.008)),
    ],
)
def test_cells_are_those_in_print(
    published: pd.DataFrame, configuration: tuple[str, str, str, int | str | None], printed: tuple[float, ...]
) -> None:
    """A cell has the printed numbers, accuracies as fractions instead of percent."""
    *where, value = configuration
    rows = published[(published[["table", "dataset", "model"]] == where).all(axis=1)]
    own = rows["weight_bit_width" if where[0] == "II" else "surrogate_gradient"]
    row = rows[own.isna() if value is None else own == value]
    numbers = row[[name for q in QUANTITIES for name in (q, f"{q}_sd")]].to_numpy(float)
    expected = [number / 100 if place < 4 else number for place, number in enumerate(printed)]
    assert numbers.tolist() == [pytest.approx(expected, abs=1e-12)]


def test_full_precision_snn_keeps_both_published_numbers(published: pd.DataFrame) -> None:
    """The two tables give different AUCs for the same configuration on Iris, and both are kept."""
    same = published[(published["dataset"] == "iris") & (published["surrogate_gradient"] == "fast_sigmoid")]
    assert same.loc[same["weight_bit_width"].isna(), "attack_auc"].tolist() == [0.5728, 0.654]


def test_all_numbers_are_plausible_fractions(published: pd.DataFrame) -> None:
    """Every accuracy and AUC is between 0 and 1, and every spread well below."""
    numbers, spreads = published[list(QUANTITIES)], published[[f"{quantity}_sd" for quantity in QUANTITIES]]
    assert numbers.to_numpy().min() > 0.2
    assert numbers.to_numpy().max() == 1
    assert spreads.to_numpy().min() == 0
    assert spreads.to_numpy().max() == 0.16
    assert published["attack_auc"].between(0.48, 0.82).all()
