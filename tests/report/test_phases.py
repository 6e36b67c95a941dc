from __future__ import annotations

from tests.report.summaries import SECOND, a_measured_summary, a_plan, a_snapshot, a_summary
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.stretches import summarise_stretches
from wavetank.metrics.summary import Summary, summarise
from wavetank.plan.measure import Measure, measured_part
from wavetank.plan.outline import Outline
from wavetank.plan.phases import Count, Pause, Phase, Rate
from wavetank.plan.stretches import phase_stretches
from wavetank.report.figures import WIDTH
from wavetank.report.phases import measured_line, phase_table
from wavetank.report.text import details, results_block


def of_phases(*phases: Phase, timeline: list[Snapshot]) -> Summary:
    return summarise(
        Snapshot.total(timeline),
        started_at="2026-01-02T03:04:05Z",
        complete=True,
        phases=summarise_stretches(timeline, phase_stretches(phases)),
    )


def test_each_phase_has_its_line() -> None:
    assert phase_table(a_measured_summary()) == [
        "Phases (response times of agent_message in ms)",
        "  name                  started  active  sent/s  replies/s    p50    p95    p99  errors",
        "  Warm-up                 1,000      50     111        110  10.00  24.99  45.00       3",
        "  Steady                  1,000      50     111        110  10.00  24.99  45.00       3",
        "  after the last phase    1,000      50     222        219  10.00  24.99  45.00       3",
    ]


def test_one_phase_needs_no_table() -> None:
    phase = Rate(name="all", duration_s=10, rate=1)
    assert phase_table(of_phases(phase, timeline=[a_snapshot(0, 10), a_snapshot(10, 12)])) == []
    assert phase_table(a_summary()) == []


def test_many_little_phases_share_a_line_and_the_title_says_so() -> None:
    batches: list[Phase] = []
    for number in range(40):
        batches += [Count(name=f"batch {number}", duration_s=0, count=5), Pause(name="rest", duration_s=0.1)]
    timeline = [a_snapshot(place / 10, (place + 1) / 10) for place in range(41)]
    summary = of_phases(*batches, Rate(name="long", duration_s=3, rate=1), timeline=[*timeline, a_snapshot(4.1, 7)])
    title, _, first, second = phase_table(summary)
    assert title == "Phases (response times in ms; phases shorter than a second together)"
    assert first.startswith("  batch 0 + rest ... batch 39 + rest   40,000      50 ")
    assert second.startswith("  long                                  2,000 ")
    assert len(summary.to_dict()["phases"]) == 41


def test_a_name_of_any_length_leaves_the_table_its_width() -> None:
    phases = [Rate(name="n" * 300, duration_s=5, rate=1), Rate(name="\n\x00", duration_s=5, rate=1)]
    table = phase_table(of_phases(*phases, timeline=[a_snapshot(0, 5), a_snapshot(5, 10)]))
    assert max(map(len, table)) <= WIDTH
    assert len(table) == 4


def test_the_report_says_which_part_it_is_about() -> None:
    summary = a_measured_summary()
    text = details(summary, Outline.of(a_plan()))
    assert "Measured: 10s to 20s (Steady), of 25s in all. The phases are those of the whole run." in text
    assert "Duration: 10.00s" in results_block(summary)
    assert "Measured" not in details(a_summary(), Outline.of(a_plan()))


def test_a_part_that_the_run_never_reached_is_told() -> None:
    whole = a_summary()
    never = summarise(
        Snapshot(),
        started_at="2026-01-02T03:04:05Z",
        complete=True,
        measured=measured_part(Measure(from_s=60), ()),
        whole=whole,
    )
    assert measured_line(never) == [
        "Nothing was measured: the run was over before the part began that was to be measured."
    ]
    assert never.to_dict()["measured"] == {"from_s": 60.0, "to_s": None, "phases": []}
    assert never.duration_s == 0
    assert whole.duration_s == 10 * SECOND / 1e9


def test_the_reason_of_an_abort_stands_beside_the_verdict() -> None:
    reason = "websocket.response_time.p95 was 812 ms after 00:31, critical is > 200"
    lines = details(a_measured_summary(aborted=reason)).splitlines()
    assert f"aborted: {reason}" in lines
    assert lines[-1].startswith("Verdict: critical")
