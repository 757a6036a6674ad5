"""`make notebooks`: execute the stored notebooks again, in place, on generated films.

All of them in order (or only those named) share one throw-away outputs folder, so nothing of the
user's own runs gets into what is stored. Widget state, timings and other metadata are left out.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from helpers.core.runs import replacing
from helpers.data import local_s3
from helpers.suite.runner import private_channel
from tests.notebooks.anatomy import NOTEBOOKS, read, stored

CELL_SECONDS = 1800


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook with fresh outputs, run in its own folder as JupyterLab and nbval do."""
    with private_channel() as config:
        client = NotebookClient(
            read(path),
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(NOTEBOOKS)}},
            store_widget_state=False,
            record_timing=False,
            config=config,
        )
        return client.execute()


def plain(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with only the metadata that every machine agrees on."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    return notebook


def main(names: list[str]) -> None:
    """Execute and store; everything before the last one named runs too, since it reads from it."""
    paths = stored()
    wanted = [path for path in paths if not names or path.stem in names]
    last = paths.index(wanted[-1])
    with tempfile.TemporaryDirectory(prefix="cxr-notebooks-") as outputs:
        os.environ["CXR_OUTPUTS"] = outputs
        try:
            for path in paths[: last + 1]:
                started = time.perf_counter()
                notebook = plain(execute(path))
                if path in wanted:
                    with replacing(path) as temporary:
                        nbformat.write(notebook, temporary)
                print(f"{path.name}  {time.perf_counter() - started:.1f} s")
        finally:
            local_s3.stop()


if __name__ == "__main__":
    main([Path(word).stem for word in sys.argv[1:]])
