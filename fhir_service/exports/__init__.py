"""Bulk exports: what was asked and what came of it, in files that outlive the process.

https://hl7.org/fhir/uv/bulkdata/export.html

    job.py       what is asked, how far it is; plain values
    folder.py    the files of all jobs: any process that sees the folder can answer for them
    run.py       one job: from the store to NDJSON, batch by batch, from where it stopped
    worker.py    the thread that does the jobs of this process, one after the other
"""
