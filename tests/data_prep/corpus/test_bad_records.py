"""Bad records, which stop a command or are listed."""

import json

import pytest

from data_prep.corpus.bad_records import BadRecord, RejectedRecords, raise_bad_record
from ecm_tf.core.errors import InputError


def test_bad_records_raise_or_are_written(tmp_path):
    bad = BadRecord(tmp_path / "dir" / "a.tsv", "line", 3, "expected 好", "raw")
    with pytest.raises(
        InputError, match=r"dir/a\.tsv: line 3: expected 好\. \(Use --skip_bad_records"
    ):
        raise_bad_record(bad)
    path = tmp_path / "rejected.jsonl"
    with RejectedRecords(path) as rejected_records:
        rejected_records(bad)
        rejected_records(bad)
    assert (rejected_records.count, rejected_records.first) == (2, bad)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [{"file": "a.tsv", "record": 3, "reason": "expected 好", "raw": "raw"}] * 2
