"""The page of an interactive front: one file that works offline, in the system's light or dark."""

from html import escape
from typing import TYPE_CHECKING, Final

from privsearch._util.html import in_script
from privsearch.report.vendored import PLOTLY, vendored

if TYPE_CHECKING:
    import plotly.graph_objects as go

_STYLE: Final = """
:root { color-scheme: light dark; }
html, body, #front { height: 100%; margin: 0; }
body { background: #ffffff; }
@media (prefers-color-scheme: dark) { body { background: #14171a; } }
"""

_DRAW: Final = """
const figure = JSON.parse(document.getElementById("figure").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
function draw() {
  const [page, ink] = dark.matches ? ["#14171a", "#e9ecef"] : ["#ffffff", "#242424"];
  const layout = structuredClone(figure.layout);
  layout.paper_bgcolor = layout.plot_bgcolor = page;
  layout.font = { ...layout.font, color: ink };
  layout.hoverlabel = { bgcolor: page, font: { color: ink } };
  const axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
  for (const name of axes) Object.assign(layout[name], { linecolor: ink, tickcolor: ink });
  Plotly.react("front", structuredClone(figure.data), layout, { responsive: true, displaylogo: false });
}
dark.addEventListener("change", draw);
draw();
"""


def front_page(figure: "go.Figure", name: str) -> str:
    """Return the HTML of a figure's page, with plotly's basic bundle in it.

    Args:
        figure: a figure of scatter, bar or pie traces.
        name: the title of the page.
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(name)} \N{EN DASH} privsearch</title>
<style>{_STYLE}</style>
</head>
<body>
<div id="front"></div>
<script type="application/json" id="figure">{in_script(figure.to_json())}</script>
<script>{vendored(PLOTLY)}</script>
<script>{_DRAW}</script>
</body>
</html>
"""
