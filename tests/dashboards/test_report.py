"""The report as a file: whole, offline, escaped, and honest about studies with nothing to show."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from core.errors import DataError
from core.trace import Trace
from dashboards.report import render_report, write_report
from search.records import StudySnapshot, TrialRecord, TrialState
from search.reporting import ReportSource
from search.scoring import ScoreConfig
from tests.dashboards.traces import simulated_trace

Make = Callable[..., TrialRecord]
Snapshot = Callable[..., StudySnapshot]
CAP = ScoreConfig(max_accuracy_loss=0.005)
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)> %{x} ${y}"
VOID = {"meta", "link", "img", "br", "hr", "input"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "cite", "formaction"}


class Page(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)
        if self.open[-1:] == ["script"]:
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)

    @property
    def said(self) -> str:
        """All text that a reader sees."""
        unseen = ("script", "style")
        return " ".join(t for tag, ts in self.texts.items() if tag not in unseen for t in ts)

    def figures(self) -> dict[str, Any]:
        (content,) = (text for attrs, text in self.scripts if attrs.get("id") == "figures")
        figures: dict[str, Any] = json.loads(content)
        return figures


def source_of(
    snapshot: StudySnapshot, trace: Trace | Exception | None = None, results: Path | None = None
) -> ReportSource:
    def load_trace(_trial: TrialRecord) -> Trace | None:
        if isinstance(trace, Exception):
            raise trace
        return trace

    return ReportSource(snapshot=snapshot, score_config=CAP, load_trace=load_trace, results=results)


def render(snapshot: StudySnapshot) -> str:
    return render_report(source_of(snapshot))


@pytest.fixture(scope="module")
def page(make_study: Snapshot) -> Page:
    return Page(render_report(source_of(make_study(40), simulated_trace())))


def test_headline_is_the_smallest_file_within_the_cap(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    snapshot = make_snapshot(
        make_trial(0, 0.12, 182, file_bytes=5860, setting="best_known"),
        make_trial(1, 0.90, 300, file_bytes=3555),
    )
    said = Page(render(snapshot)).said.replace("\N{NO-BREAK SPACE}", " ")
    assert "5,860 B" in said
    assert "182\N{MULTIPLICATION SIGN} smaller" in said
    assert "Trial 0, setting best known" in said
    for number in ("1.82 %", "1.94 %", "1.71 %", "1.83 %", "1,066,440 B"):
        assert number in said


def test_page_holds_every_figure_in_light_and_in_dark(page: Page) -> None:
    places = {attrs["id"] for _, attrs in page.elements if attrs.get("class") == "plot"}
    figures = page.figures()
    assert places == set(figures)
    assert len(figures) == 10
    for themes in figures.values():
        assert set(themes) == {"light", "dark"}
        assert (
            themes["light"]["layout"]["paper_bgcolor"] != themes["dark"]["layout"]["paper_bgcolor"]
        )


def test_page_loads_nothing_from_anywhere(page: Page) -> None:
    for tag, attributes in page.elements:
        assert tag not in {"link", "iframe", "object", "embed", "img", "base"}
        for name in LOADING & set(attributes):
            assert str(attributes[name]).startswith("#"), (tag, name, attributes[name])
    styles = "".join(page.texts["style"])
    assert "url(" not in styles
    assert "@import" not in styles
    own_script = page.scripts[-1][1]
    assert "http" not in own_script
    assert "fetch" not in own_script


def test_policy_allows_exactly_the_scripts_inside(page: Page) -> None:
    (policy,) = (
        str(attrs["content"])
        for tag, attrs in page.elements
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    run = [content for attrs, content in page.scripts if attrs.get("type") is None]
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in run]
    assert re.findall(r"'sha256-([^']+)'", policy) == digests
    assert "plotly.js" in run[0]
    assert len(run) == 2


def test_every_trial_has_its_row(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(
        make_trial(0, 0.1, 100, params={"retrain.tau": 0.3, "prior.num_components": 9}),
        TrialRecord(number=1, state=TrialState.failed, params={}, reason="the loss is no number"),
        TrialRecord(number=2, state=TrialState.running, params={}),
        num_trials=12,
    )
    page = Page(render(snapshot))
    rows = [attrs["id"] for tag, attrs in page.elements if tag == "tr" and "id" in attrs]
    assert rows == ["trial-0", "trial-1", "trial-2"]
    assert "the loss is no number" in page.said
    assert "still running" in page.said
    assert "retrain.tau" in page.texts["dt"]  # 0.2 in the configuration
    assert "prior.num_components" not in page.texts["dt"]  # as configured


def test_commands_name_the_study_safely(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(make_trial(0, 0.1, 100), name="my $(study); it's", num_trials=12)
    commands = Page(render(snapshot)).texts["code"]
    assert commands[0].startswith("softshare export ")
    assert commands[-1].endswith(" study.num_trials=24")
    words = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {commands[0]}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert (
        words[2] == r"study.name='my $(study); it\'s'"
    )  # quoted for Hydra, one word for the shell


def test_a_study_without_finished_trials_says_so(make_snapshot: Snapshot) -> None:
    page = Page(render(make_snapshot(num_trials=12)))
    assert "No trial has finished yet" in page.said
    assert "No trial has started yet." in page.said
    assert page.figures() == {}
    assert not any("export" in command for command in page.texts["code"])


def test_a_study_without_feasible_trials_says_so_and_names_the_nearest(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    page = Page(render(make_snapshot(make_trial(0, 9, 400), make_trial(1, 3, 300))))
    assert "No file is within the cap" in page.said
    assert "trial 1, lost +3.00 points" in page.said
    assert not any("export" in command for command in page.texts["code"])


def test_whatever_the_database_holds_is_text(make_trial: Make, make_snapshot: Snapshot) -> None:
    trials = [
        make_trial(number, 0.1, 100 + number, setting=HOSTILE, params={HOSTILE: HOSTILE})
        for number in range(10)
    ]
    stopped = TrialRecord(
        number=10, state=TrialState.stopped, params={}, reason=HOSTILE, setting=HOSTILE
    )
    plain = make_snapshot(*trials).study.config
    hostile = Page(
        render(
            make_snapshot(
                *trials,
                stopped,
                name=HOSTILE,
                versions={HOSTILE: HOSTILE},
                git_revision=HOSTILE,
                data_fingerprint=HOSTILE,
                config=plain | {HOSTILE: HOSTILE, "model": {"name": HOSTILE}},
            ),
        )
    )
    assert len(hostile.scripts) == 3  # the figures, plotly.js and ours
    assert not any(tag == "img" for tag, _ in hostile.elements)
    assert not any(name.startswith("on") for _, attrs in hostile.elements for name in attrs)
    assert hostile.texts["h1"] == [HOSTILE]
    # Plotly reads a few tags inside texts: there it must be escaped once more.
    assert "<img" not in json.dumps(hostile.figures())


def test_a_trial_without_a_trace_is_no_obstacle(make_trial: Make, make_snapshot: Snapshot) -> None:
    snapshot = make_snapshot(make_trial(0, 0.1, 100))
    page = Page(render_report(source_of(snapshot)))
    assert "It was run before traces were kept." in page.said
    assert set(page.figures()) == {"pareto-front", "figure-2-search", "history", "importance"}
    damaged = Page(render_report(source_of(snapshot, DataError("the trace <is> cut off"))))
    assert "the trace <is> cut off" in damaged.said


def test_figures_of_weights_are_of_the_smallest_file_within_the_cap(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    asked: list[int] = []

    def load_trace(trial: TrialRecord) -> Trace:
        asked.append(trial.number)
        return simulated_trace()

    for trials in (
        (make_trial(0, 0.1, 100), make_trial(1, 0.2, 200), make_trial(2, 0.9, 300)),
        (make_trial(0, 3, 300), make_trial(1, 2, 200)),  # none within it: the nearest
    ):
        source = ReportSource(
            snapshot=make_snapshot(*trials), score_config=CAP, load_trace=load_trace
        )
        assert "Trial 1: " in Page(render_report(source)).said
    assert asked == [1, 1]


def test_every_paper_figure_and_its_table_is_there(page: Page) -> None:
    for words in ("Figure 1)", "Figure 2 and Table 1)", "Figure 3)", "Figure 8)", "(tutorial)"):
        assert any(words in heading for heading in page.texts["h2"]), words
    assert "of the 5 units, drawn as images of their inputs" in page.said


def test_the_question_of_the_paper_gets_an_answer(make_study: Snapshot) -> None:
    said = Page(render(make_study(120))).said
    assert "little connection between the parameter settings" in said
    assert "size depends on retrain.tau (a higher value makes smaller files)" in said.lower()
    few = Page(render(make_study(12))).said
    assert "a hint at most, and silence proves nothing" in few


def test_report_replaces_an_older_one_and_leaves_nothing_beside_it(
    make_study: Snapshot, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "quickstart"
    (path,) = write_report(source_of(make_study(3)), folder, False)
    first = path.read_text(encoding="utf-8")
    assert write_report(source_of(make_study(3)), folder, False) == [path]
    assert path.read_text(encoding="utf-8") == first
    assert [entry.name for entry in folder.iterdir()] == ["report.html"]


def test_a_folder_that_cannot_be_made_is_a_users_error(
    make_study: Snapshot, tmp_path: Path
) -> None:
    (tmp_path / "runs").write_text("a file where a folder should be")
    with pytest.raises(DataError, match=r"report\.html cannot be written"):
        write_report(source_of(make_study(1)), tmp_path / "runs", False)


def test_dashboards_need_no_torch() -> None:
    code = "import sys, dashboards.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_study_over_methods_has_them_side_by_side(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    trials = [make_trial(0, 0.1, 100), make_trial(1, 0.2, 200, method="deep_compression")]
    one, both = (source_of(make_snapshot(*trials[:number])) for number in (1, 2))
    page = Page(render_report(both))
    assert "Methods side by side" in page.texts["h2"]
    assert "deep compression" in [*page.texts["th"], *page.texts["td"]]
    assert "Methods side by side" not in Page(render_report(one)).texts["h2"]


def test_a_method_without_a_mixture_has_no_figure_of_components(
    make_trial: Make, make_snapshot: Snapshot
) -> None:
    trace = simulated_trace()
    nothing = trace.means[:1, :0]
    bare = replace(trace, means=nothing, stds=nothing, mixing_proportions=nothing)
    assert Trace.from_bytes(bare.to_bytes()).has_mixture is False
    page = Page(render_report(source_of(make_snapshot(make_trial(0, 0.1, 100)), bare)))
    headings = page.texts["h2"]
    assert "How the weights moved (paper, Figure 1)" in headings
    assert not [heading for heading in headings if "Components" in heading]
