"""What can be wrong with a user's input, as exceptions.

The tree:

    SegError                 the user can mend it; its text is shown as it stands
    ├── DataError            an image, a mask or a data set
    ├── CheckpointError      a checkpoint file, or one that does not fit the case
    ├── RunError             a training or a prediction that could not go on
    │   ├── Cancelled        ... because somebody asked for it
    │   └── LostRun          ... because another process has it now, or it was deleted
    ├── StoreError           the database of runs: locked, full, read-only, gone
    └── ConfigError          a setting or an option

Form of a text: what is wrong, of which thing. What was expected. What was received. What to do.
A wrong call of our own code is a plain ValueError and never reaches a user as text.
"""


class SegError(Exception):
    """The user's input is wrong; the message says of what and what to do."""


class DataError(SegError):
    """An image, a mask or a data set cannot be used."""


class CheckpointError(SegError):
    """A checkpoint cannot be read, or does not fit what it is asked to do."""


class RunError(SegError):
    """A training or a prediction could not go on."""


class Cancelled(RunError):
    """A running piece of work was stopped at somebody's request."""


class LostRun(RunError):
    """A run is worked on by another process now, or is deleted: this one must stop writing."""


class StoreError(SegError):
    """The database of runs cannot be opened, read or written just now; trying again may help."""


class ConfigError(SegError):
    """A setting or an option has a value that cannot be used."""
