from io import StringIO

from rich.console import Console

from privsearch.report.wording.formats import console_table, input_shape


def printed(gap: int, *, show_edge: bool = False) -> list[str]:
    console = Console(file=StringIO(), width=80)
    table = console_table("left", "right", title="above", caption="below", gap=gap, show_edge=show_edge)
    table.add_row("a", "b")
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_columns_stand_as_far_apart_as_asked() -> None:
    """Title, header and caption start at the left; between columns there are so many spaces."""
    for gap in (1, 2):
        lines = printed(gap)
        assert (lines[0], lines[1], lines[-1]) == ("above", f"left{' ' * gap}right", "below")


def test_edge_is_an_empty_line_on_either_side() -> None:
    """A table with its edge shown is set apart from what stands above and below it."""
    lines = printed(1, show_edge=True)
    assert (lines[1], lines[-2]) == ("", "")
    assert "" not in printed(1)


def test_shapes_over_time_have_steps() -> None:
    shapes = ((30,), (3, 32, 32), (29, 12), (20, 2, 34, 34))
    assert [input_shape(shape) for shape in shapes] == ["30", "3x32x32", "29 steps of 12", "20 steps of 2x34x34"]
