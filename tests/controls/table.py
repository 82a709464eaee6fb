"""Every control there is."""

from typing import Final

from .answering import ANSWERING
from .building import BUILDING
from .connecting import CONNECTING
from .control import Control
from .evaluating import EVALUATING
from .judging import JUDGING
from .reading import READING

CONTROLS: Final[tuple[Control, ...]] = (*READING, *EVALUATING, *ANSWERING, *CONNECTING, *BUILDING, *JUDGING)
