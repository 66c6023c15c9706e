"""Panels: what is asked, in which unit, from where on it is a worry, and what to do then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel: TypeAlias = Builder[models.Panel]
P = TypeVar("P", timeseries.Panel, stat.Panel, heatmap.Panel)

SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="prometheus")
"""As in provisioning/datasources."""
RUNBOOKS: Final = "/public/runbooks"
"""Where Grafana itself serves them, unless the variable `runbooks` says otherwise."""

THIRD, HALF, WHOLE = 8, 12, 24
_HEIGHT: Final = 8
_LOW: Final = 4

EVENTS: Final = "eps"
REQUESTS: Final = "reqps"
ROWS: Final = "rowsps"
SECONDS: Final = "s"
SHARE: Final = "percentunit"
COUNT: Final = "short"
POINTS: Final = "suffix: points"
POINTS_PER_SECOND: Final = "suffix: points/s"


@dataclass(frozen=True, slots=True)
class Series:
    """One query, and what its lines are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a panel tells whoever looks at it."""

    title: str
    unit: str
    advice: str
    """What it shows, and what to do when it is not as it should be."""
    runbook: str = ""
    """The name of a page in docs/runbooks."""
    worry: float | None = None
    alarm: float | None = None
    """From this value on it is orange, or red; below `alarm` where less is worse."""
    less_is_worse: bool = False


def graph(about: About, *series: Series, span: int = THIRD, stacked: bool = False) -> Panel:
    """Draw lines over time; stacked where their sum means something."""
    panel = (
        _described(timeseries.Panel(), about)
        .height(_HEIGHT)
        .span(span)
        .targets(_targets(series))
        .min(0)
        .fill_opacity(25 if stacked else 5)
        .show_points(looks.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    if about.worry is not None or about.alarm is not None:
        lines = common.GraphThresholdsStyleConfig().mode(looks.GraphTresholdsStyleMode.DASHED)
        panel.thresholds_style(lines)
    return panel


def number(about: About, expr: str, *, legend: str = "", span: int = _LOW) -> Panel:
    """Show the last value large, coloured by its limits."""
    return (
        _described(stat.Panel(), about)
        .height(_LOW)
        .span(span)
        .targets(_targets([Series(expr, legend)]))
        .color_mode(looks.BigValueColorMode.BACKGROUND)
        .graph_mode(looks.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def heat(about: About, expr: str, *, span: int = THIRD) -> Panel:
    """Show how a histogram's buckets fill over time."""
    target = _target(Series(expr, "{{le}}"), "A").format(PromQueryFormat.HEATMAP)
    colours = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges")
    return (
        _described(heatmap.Panel(), about)
        .height(_HEIGHT)
        .span(span)
        .targets([target])
        .y_axis(heatmap.YAxisConfig().unit(about.unit))
        .color(colours.steps(64))
        .hide_legend()
    )


def _described(panel: P, about: About) -> P:
    panel.title(about.title).description(about.advice).unit(about.unit).datasource(SOURCE)
    panel.thresholds(_thresholds(about))
    if about.runbook:
        link = dashboard.DashboardLink(f"Runbook: {about.runbook}")
        link.type(models.DashboardLinkType.LINK).target_blank(target_blank=True)
        panel.links([link.url(f"${{runbooks}}/{about.runbook}.md")])
    return panel


def _thresholds(about: About) -> dashboard.ThresholdsConfig:
    base, beyond = ("red", "green") if about.less_is_worse else ("green", "red")
    limits = ((None, base), (about.worry, "orange"), (about.alarm, beyond))
    steps = [
        models.Threshold(value=value, color=color)
        for value, color in limits
        if value is not None or color == base
    ]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(show_legend=True).calcs(["lastNotNull", "max"])
    return legend.display_mode(looks.LegendDisplayMode.TABLE).placement(
        looks.LegendPlacement.BOTTOM
    )


def _targets(series: Sequence[Series]) -> list[Builder[Dataquery]]:
    return [_target(one, chr(ord("A") + number)) for number, one in enumerate(series)]


def _target(series: Series, name: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(series.expr).range().ref_id(name).datasource(SOURCE)
    return query.legend_format(series.legend or "__auto")
