"""The report's section on a study over several methods: what each came to, and what it took."""

from dashboards import formats
from dashboards.figures import MethodFront, MethodFrontsData
from dashboards.markup import Column, Html, element, row, table, text
from search.methods import title_of

_COLUMNS = (
    Column(title="method", is_number=False),
    Column(title="trials", hint="that have ended, stopped and failed ones included"),
    Column(title="time", hint="wall-clock time of those trials"),
    Column(title="epochs", hint="passes over the training data that they took"),
    Column(title="smallest file", hint="within the cap, with everything inside it"),
    Column(title="rate", hint="bytes of the float32 network over bytes of that file"),
    Column(title="lost", hint="points over the reference network's validation error"),
    Column(title="test error", hint="of that file; never chosen by"),
    Column(title="paper's rate", hint="Han's CSR + Huffman, weights only: as most published"),
    Column(title="own front", hint="trials that no other of the method beats"),
    Column(title="joint front", hint="trials that no trial of any method beats"),
)


def methods_section(data: MethodFrontsData, place: Html) -> Html:
    """The methods side by side."""
    reading = (
        "All methods start from one reference network, end in the same file format and are judged "
        "by the same bytes and the same validation images. A thin line joins what no other trial "
        "of its method beats, the broad one what no trial of any method beats.",
        "A search spends its trials where it finds most, so the methods have not had the same "
        "number of trials, nor the same time: both stand in the table.",
    )
    return element(
        "section",
        element("h2", text("Methods side by side")),
        place,
        element("div", *(element("p", text(line)) for line in reading), class_="reading"),
        table(
            _COLUMNS,
            [row(_COLUMNS, _cells(front)) for front in data.methods],
            caption="What each method came to",
            identifier="methods",
        ),
    )


def _cells(front: MethodFront) -> list[Html]:
    best = front.best
    measured = (
        [formats.MISSING] * 5
        if best is None
        else [
            formats.num_bytes(best.file_bytes),
            formats.rate(best.compression_rate),
            formats.points(best.accuracy_loss),
            formats.percent(best.test_error),
            formats.rate(best.han_compression_rate),
        ]
    )
    written = [
        title_of(front.method),
        formats.count(front.effort.num_finished),
        formats.duration(front.effort.seconds),
        formats.count(front.effort.epochs),
        *measured,
        formats.count(len(front.front)),
        formats.count(front.num_on_joint_front),
    ]
    return [text(cell) for cell in written]
