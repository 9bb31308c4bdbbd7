"""The request that the documentation of an API of some shape shows and runs."""

from tests.system.variants.shape import Shape
from tests.system.variants.truth import APRIL, PROPERTY_ID, SURVEY_ID, TOKEN
from tests.unit.request_import.rendering import LANGUAGES, Sent
from userlane.contract import DatasetName, Query, format_window


def address(shape: Shape, dataset: DatasetName) -> tuple[str, list[tuple[str, str]]]:
    """The path of an API, and the parameters that are as fixed as the path; with the IDs filled in."""
    path, _, query = shape.path.replace("{api}", dataset).partition("?")
    fixed = [tuple(pair.split("=")) for pair in query.split("&")] if query else []
    if dataset == "surveys":
        in_path, _, in_query = shape.survey.partition("?")
        path += in_path
        fixed += [tuple(in_query.split("="))] if in_query else []

    def filled(text: str) -> str:
        return text.replace("{property_id}", PROPERTY_ID).replace("{survey_id}", SURVEY_ID)

    return f"/shape-{shape.number}{filled(path)}", [(name, filled(value)) for name, value in fixed]


def request(shape: Shape, dataset: DatasetName, origin: str) -> Sent:
    """The request for the first page of April."""
    path, fixed = address(shape, dataset)
    start, end = format_window(Query(dataset, PROPERTY_ID, APRIL, SURVEY_ID), shape.dates)
    asked = zip((*shape.span, *shape.paging), (start, end, str(shape.base), "1000"), strict=True)
    scheme = f"{shape.auth.scheme} {TOKEN}".strip()
    headers = [("accept", "application/json"), (shape.auth.header, scheme)]
    return Sent(f"{origin}{path}", [*fixed, *asked], headers)


def code(shape: Shape, dataset: DatasetName, origin: str) -> str:
    """The same as code, in the shape's language."""
    return list(LANGUAGES.values())[shape.language](request(shape, dataset, origin))
