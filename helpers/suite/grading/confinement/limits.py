"""What one submission may use."""

from dataclasses import dataclass

MEBIBYTE = 2**20
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Limits:
    """Limits of one submission, all its notebooks and processes together unless said otherwise.

    cell_seconds: one cell; total_seconds: all notebooks, kernels' starts included;
    memory_bytes: resident memory; written_bytes, files: what lies on its desk at any time (one
    file alone may not be larger either); output_bytes: what the cells of one notebook show;
    threads: how many the numerical libraries start.
    """

    cell_seconds: float = 120.0
    total_seconds: float = 900.0
    memory_bytes: int = 4 * GIBIBYTE
    processes: int = 64
    written_bytes: int = GIBIBYTE
    files: int = 20_000
    output_bytes: int = 10 * MEBIBYTE
    threads: int = 2

    def resources(self) -> dict[str, int]:
        """The part that the system itself enforces, by names of Python's `resource`.

        Not address space: TensorFlow reserves far more than it uses. Threads count as processes.
        """
        return {
            "NPROC": self.processes * 16,
            "FSIZE": self.written_bytes,
            "NOFILE": 4096,
            "CORE": 0,
        }
