"""The fields that several kinds of datasets share."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from privsearch.spec.strict import STRICT

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
NAME_RULE: Final = "1 to 100 letters, digits, '.', '_' or '-', the first a letter or a digit"

PATH: Final = r"^[^\x00]+$"
"""The paths that the system accepts. Text that is not UTF-8 matches no pattern."""

Layout = Literal["channels_first", "channels_last"] | None
"""The axis of an image's channels; None where its shape tells."""

Colour = Literal["grey", "rgb"] | None
"""The channels of images; None leaves them as they are."""

Duplicates = Literal["drop", "group"] | None
"""The fate of identical rows of a dataset; None leaves them as they are."""

DUPLICATES: Final = (
    "'drop' (the first of identical rows alone), 'group' (all on one side of every split), or null: as they are"
)
LAYOUT: Final = "'channels_first' (n, channels, height, width), 'channels_last', or null: what the shape tells"
COLOUR: Final = "'grey' (one channel), 'rgb' (three), or null: as the images are"
TIME: Final = (
    "true (the second axis is time: (n, time, features), or frames (n, time, height, width)), or false: five axes, or "
    "an array of lengths, tell"
)


class DatasetFields(BaseModel):
    """The base of the entries of `datasets`: a field with its default is not written, unless it always is.

    Attributes:
        always_written: the names of the fields that are written whatever they hold.
    """

    model_config = STRICT

    always_written: ClassVar[tuple[str, ...]]

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        defaults = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if name in self.always_written or getattr(self, name) != defaults[name].default
        }
