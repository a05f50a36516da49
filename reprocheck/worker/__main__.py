"""Run one job: `python -m reprocheck_worker JOB_FILE OUTPUT_FOLDER`, alone or as a rank of torchrun.

The job is a JSON object in JOB_FILE; the answer goes as JSON lines to `OUTPUT_FOLDER/rank-N.jsonl`. Files
serve one process and many ranks alike, and a library that prints cannot corrupt the answer.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys

from .jobs import JOBS
from .lines import write_lines_to
from .parent import end_with_parent


def main() -> None:
    """Read the job, run it, and leave no process behind that outlives its deadline or its launcher."""
    job_file, output_folder = sys.argv[1:3]
    with open(job_file, encoding="utf-8") as stream:
        job = json.load(stream)
    end_with_parent()
    faulthandler.dump_traceback_later(job["deadline_s"], exit=True)  # the last guard, should the launcher be gone
    rank = int(os.environ.get("RANK", "0"))
    with write_lines_to(os.path.join(output_folder, f"rank-{rank}.jsonl")) as emit:
        JOBS[job["job"]](job, emit)


if __name__ == "__main__":
    main()
