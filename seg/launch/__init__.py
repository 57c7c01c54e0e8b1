"""Where a run runs: here, as a process of this machine that nothing but its own end can end.

A run is held by a lock on a file (`locks`, `hold`), never by a pid: the system drops the lock the
moment its process is gone, however it went. What a page shows of it is `status`; `start` sets a run
going, `Slot` makes it wait its turn, `stop_hard` ends it when it does not answer any more.

Imports neither Keras nor Streamlit.
"""

from seg.launch.hold import Hold
from seg.launch.life import LIVE, is_alive, status, this_host
from seg.launch.place import folder, make_folder, run_file
from seg.launch.process import start, tail
from seg.launch.remove import remove
from seg.launch.slots import Slot, waiting_text
from seg.launch.stop import end_by_force, stop_hard

__all__ = [
    "LIVE",
    "Hold",
    "Slot",
    "end_by_force",
    "folder",
    "is_alive",
    "make_folder",
    "remove",
    "run_file",
    "start",
    "status",
    "stop_hard",
    "tail",
    "this_host",
    "waiting_text",
]
