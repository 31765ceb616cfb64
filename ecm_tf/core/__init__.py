"""The bottom import layer: what everything else builds on. It does not import TensorFlow.

- `errors`: `InputError`, the exception for bad input.
- `files`: `reading`, `read_text`, `read_lines`, `read_json`, `read_toml` and `require_directory`
  report a file or directory that is missing or unreadable as an `InputError`, and `make_directory`
  one that cannot be written. Use them wherever input is read or output made.
- `fields`: checks of dataclass fields against their annotations.
- `command`: flags made from dataclasses, exit statuses.
- `manifest`, `output`: directories that are complete or absent.
- `logging`: `configure_logging` prints the library's log, for commands.
- `memory`: `peak_memory_bytes`.
- `optional`: `require_extra` reports optional packages that are not installed.
"""
