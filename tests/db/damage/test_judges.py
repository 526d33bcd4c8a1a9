"""Each stored document has a judge, and each judge refuses what is no document of its kind."""

import pytest

from statesvc.db.damage.judges import JUDGES, fault, value_in
from statesvc.db.schema.tables import metadata
from statesvc.domain.documents import Config, HostConfig

DOCUMENTS = [
    (table.name, column.name)
    for table in metadata.sorted_tables
    for column in table.columns
    if any(str(constraint.name).endswith(f"{column.name}_json") for constraint in column.constraints)
]


def test_every_column_that_holds_json_has_a_judge() -> None:
    assert DOCUMENTS
    assert set(DOCUMENTS) <= set(JUDGES)


@pytest.mark.parametrize(("table", "column"), DOCUMENTS)
def test_what_is_no_document_of_the_kind_is_a_fault(table: str, column: str) -> None:
    assert fault(table, column, b'{"\xff') == "is not UTF-8"
    assert fault(table, column, '{"a":') == "is not JSON"
    assert fault(table, column, "") == "is not JSON"
    assert str(fault(table, column, '"text"')).startswith("is not ")
    assert fault(table, column, '{"a":1}' if column == "args" else "[1]")


def test_a_fault_does_not_tell_what_the_document_holds() -> None:
    reason = fault("container_specs", "config", '{"Env":{"PASSWORD":"hush"},"Tty":"hush"}')
    assert reason
    assert "hush" not in reason


def test_new_documents_have_no_fault() -> None:
    assert fault("container_specs", "config", Config().to_json()) is None
    assert fault("container_specs", "host_config", HostConfig().to_json()) is None


def test_a_column_without_a_document_only_needs_to_be_text() -> None:
    assert fault("containers", "image", b"caf\xc3\xa9") is None
    assert fault("containers", "image", b"caf\xe9") == "is not UTF-8"


def test_a_fault_is_found_in_a_field_of_another_spelling() -> None:
    text = Config().to_json().replace(b'"Cmd":null', b'"cmd":[1]')
    assert fault("container_specs", "config", text) == "is not a Config: /Cmd/0 has another type"


def test_a_field_is_read_from_a_document_whatever_its_spelling() -> None:
    text = Config(Labels={"tier": "front"}).to_json().decode()
    assert value_in(Config, text, "Labels") == {"tier": "front"}
    assert value_in(Config, text.replace("Labels", "labels"), "Labels") == {"tier": "front"}
    assert value_in(Config, Config().to_json().decode(), "Labels") is None
