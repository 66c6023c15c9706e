"""A board: rows of panels under a title, with what can be chosen at its top."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import RUNBOOKS, SOURCE, Panel

TAG: Final = "jifen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one question."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard; its name is its file's and, with a prefix, its uid."""

    name: str
    title: str
    description: str
    rows: Sequence[Row]
    choices: Sequence[dashboard.QueryVariable] = field(default=())

    @property
    def uid(self) -> str:
        """Return what links to it go by, for ever."""
        return f"{TAG}-{self.name}"

    def build(self) -> models.Dashboard:
        """Make Grafana's model of it, with panels numbered in reading order."""
        made = (
            dashboard.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .timezone("browser")
            .time("now-3h", "now")
            .refresh("30s")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .link(_siblings())
        )
        for choice in self.choices:
            made.with_variable(choice)
        made.with_variable(_runbooks())
        for row in self.rows:
            made.with_row(dashboard.Row(row.title))
            for panel in row.panels:
                made.with_panel(panel)
        board = made.build()
        for number, placed in enumerate(board.panels or (), start=1):
            placed.id_val = number
        return board


def choice(name: str, label: str, values: str) -> dashboard.QueryVariable:
    """Let somebody choose among label values, all of them at first."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query(values)
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
    )


def processes_of(service: str) -> dashboard.QueryVariable:
    """Let somebody choose among the processes of a service."""
    values = f'label_values(points_build_info{{service="{service}"}}, instance)'
    return choice("instance", "process", values)


def _runbooks() -> dashboard.TextBoxVariable:
    return (
        dashboard.TextBoxVariable("runbooks")
        .label("runbooks")
        .description("Where the pages of docs/runbooks are served; links of panels begin with it.")
        .default_value(RUNBOOKS)
    )


def _siblings() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Jifen").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(as_dropdown=False).keep_time(keep_time=True)
