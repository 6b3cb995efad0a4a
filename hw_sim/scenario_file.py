"""Read scenarios: a file of anybody's, or one of the library by its name. What is wrong is said with file and line."""

import tomllib
import types
import typing
from dataclasses import dataclass, is_dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from hw_sim.scenario import Scenario
from hw_sim.setting import notes_of
from hw_sim.toml_lines import line_of

LIBRARY = Path(__file__).with_name("scenarios")


class ScenarioError(ValueError):
    """A scenario that cannot be walked; `sentences` say file, line, fact, what is allowed, next step."""

    is_for_people = True

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)


@dataclass(frozen=True, slots=True)
class NamedScenario:
    """A scenario and the name of its file without ending."""

    name: str
    scenario: Scenario


def library_names() -> list[str]:
    """Return the names of the library's scenarios, sorted."""
    return sorted(path.stem for path in LIBRARY.glob("*.toml"))


def load_scenario(name_or_file: str | Path) -> NamedScenario:
    """Return a scenario of the library by name, or from a file; ScenarioError with a sentence for each mistake."""
    path = Path(name_or_file)
    if path.suffix != ".toml":
        inside = LIBRARY / f"{path}.toml"
        if not inside.is_file():
            raise ScenarioError(
                [
                    f"There is no scenario '{name_or_file}'; allowed are a TOML file or {', '.join(library_names())}. "
                    "`./swingphase sim --list` says what each is."
                ]
            )
        path = inside
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        why = getattr(e, "strerror", None) or "it is not UTF-8 text"
        raise ScenarioError(
            [f"{path} cannot be read ({why}); a scenario is a TOML file. Check the name."]
        ) from e
    return NamedScenario(path.stem, scenario_of(text, str(path)))


def scenario_of(text: str, where: str) -> Scenario:
    """Return the scenario that `text` holds; `where` names it in what is said about mistakes."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ScenarioError([f"{where} is not TOML ({e}); mend the line named there."]) from e
    try:
        return Scenario.model_validate(data)
    except ValidationError as e:
        raise ScenarioError([_sentence(where, text, dict(error)) for error in e.errors()]) from e


def _sentence(where: str, text: str, error: dict) -> str:
    cause = error.get("ctx", {}).get("error")
    place = list(getattr(cause, "place", error["loc"]))
    line = line_of(text, place)
    key = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    section = _section(place)
    found = f"{where}:{line}: "
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        allowed = ", ".join(_fields(_model_at(place[:-1])))
        return f"{found}there is no key {key}{section}; allowed are {allowed}. Rename or remove it."
    if error["type"] == "missing":
        return f"{found}{key} is missing{section}; it says: {_described(place)} Add it."
    if error["type"] == "value_error":
        return f"{found}{str(cause).rstrip('.')}."
    return f"{found}{key} is {_shown(error['input'])}{section}; allowed is {_allowed(place)}. Choose such a value."


def _section(place: list) -> str:
    outer = [str(part) for part in place[:-1] if isinstance(part, str)]
    return f" in [{'.'.join(outer)}]" if outer else ""


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else "a table" if isinstance(value, dict) else f"{value}"


def _fields(model: type) -> dict[str, FieldInfo]:
    """Return the fields of a pydantic model, or of a settings class (hw_sim.setting)."""
    return model.model_fields if issubclass(model, BaseModel) else notes_of(model)


def _model_at(place: list) -> type:
    """Return the class that holds the keys at `place`."""
    model: type = Scenario
    for part in place:
        fields = _fields(model)
        if isinstance(part, str) and part in fields:
            inner = _models_in(_annotation(model, part))
            model = inner[0] if inner else model
    return model


def _annotation(model: type, name: str) -> object:
    if issubclass(model, BaseModel):
        return model.model_fields[name].annotation
    return typing.get_type_hints(model)[name]


def _models_in(annotation: object) -> list[type]:
    if isinstance(annotation, type) and (issubclass(annotation, BaseModel) or is_dataclass(annotation)):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]


def _field_at(place: list) -> tuple[FieldInfo | None, object]:
    """Return what is said about the key at `place`, and its type."""
    names = [part for part in place if isinstance(part, str)]
    if not names:
        return None, None
    model = _model_at(place[: place.index(names[-1])])
    field = _fields(model).get(names[-1])
    return field, _annotation(model, names[-1]) if field else None


def _described(place: list) -> str:
    field, _ = _field_at(place)
    return field.description if field and field.description else "what a scenario needs."


def _allowed(place: list) -> str:
    """Return what the field at `place` may be, in words."""
    field, annotation = _field_at(place)
    if field is None:
        return "what `scenario.schema.json` says"
    choices = _choices(annotation)
    if choices:
        return "one of " + ", ".join(map(str, choices))
    kind = _kind(annotation)
    bounds = _bounds(field, annotation)
    if "ge" in bounds and "le" in bounds:
        return f"{kind} from {bounds['ge']:g} to {bounds['le']:g}"
    if "max_length" in bounds:
        return f"{kind} of {bounds.get('min_length', 0)} to {bounds['max_length']} characters"
    return "at least one entry" if "min_length" in bounds else kind


def _bounds(field: FieldInfo, annotation: object) -> dict[str, float]:
    metadata = list(field.metadata)
    for part in (annotation, *typing.get_args(annotation)):
        for meta in getattr(part, "__metadata__", ()):
            metadata += [meta, *getattr(meta, "metadata", ())]
    names = ("ge", "le", "min_length", "max_length")
    return {name: getattr(meta, name) for meta in metadata for name in names if hasattr(meta, name)}


def _choices(annotation: object) -> tuple:
    if typing.get_origin(annotation) is typing.Literal:
        return typing.get_args(annotation)
    for part in typing.get_args(annotation):
        if choices := _choices(part):
            return choices
    return ()


def _kind(annotation: object) -> str:
    args = typing.get_args(annotation)
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) in (
        typing.Union,
        typing.Annotated,
    ):
        return _kind(next((a for a in args if a is not type(None)), str))
    if annotation is bool:
        return "true or false"
    if annotation is int:
        return "a whole number"
    if annotation is float:
        return "a number"
    if annotation is str:
        return "text"
    return "a table" if _models_in(annotation) and not args else "a list"
