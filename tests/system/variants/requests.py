"""The request that the documentation of an API of some variant shows and runs."""

from tests.system.variants.truth import APRIL, PROPERTY_ID, SURVEY_ID, TOKEN
from tests.system.variants.variant import Variant
from tests.unit.request_import.rendering import LANGUAGES, Sent
from userlane.contract import DatasetName, Query, format_window


def address(variant: Variant, dataset: DatasetName) -> tuple[str, list[tuple[str, str]]]:
    """The path of an API, and the parameters that are as fixed as the path; with the IDs filled in."""
    path, _, query = variant.path.replace("{api}", dataset).partition("?")
    fixed = [tuple(pair.split("=")) for pair in query.split("&")] if query else []
    if dataset == "surveys":
        in_path, _, in_query = variant.survey.partition("?")
        path += in_path
        fixed += [tuple(in_query.split("="))] if in_query else []

    def filled(text: str) -> str:
        return text.replace("{property_id}", PROPERTY_ID).replace("{survey_id}", SURVEY_ID)

    return f"/variant-{variant.number}{filled(path)}", [(name, filled(value)) for name, value in fixed]


def request(variant: Variant, dataset: DatasetName, origin: str) -> Sent:
    """The request for the first page of April."""
    path, fixed = address(variant, dataset)
    start, end = format_window(Query(dataset, PROPERTY_ID, APRIL, SURVEY_ID), variant.dates)
    asked = zip((*variant.span, *variant.paging), (start, end, str(variant.base), "1000"), strict=True)
    scheme = f"{variant.auth.scheme} {TOKEN}".strip()
    headers = [("accept", "application/json"), (variant.auth.header, scheme)]
    return Sent(f"{origin}{path}", [*fixed, *asked], headers)


def code(variant: Variant, dataset: DatasetName, origin: str) -> str:
    """The same as code, in the variant's language."""
    return list(LANGUAGES.values())[variant.language](request(variant, dataset, origin))
