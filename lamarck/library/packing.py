"""Records as they lie in the file: canonical JSON, compressed with a dictionary of what every artifact says.

zlib with a preset dictionary (RFC 1950): a short record has no room to repeat itself, but all of them share their
field names. The dictionary is part of the file's form: a change of it is a new form.
"""

from __future__ import annotations

import zlib

_LEVEL = 6
# What is likeliest stands last, where references to it are shortest.
_DICTIONARY = (
    b'"differences":[],"enforcement":{"cpu":"enforced","memory":"enforced","network":"enforced","processes":"enforced",'
    b'"file system":"enforced"},"environment":"","findings":[],"log":"","measurements":{"passed":1.0,"total":1.0},'
    b'"results":[{"failure":null,"id":"test_solution.py::test_","outcome":"passed","seconds":0.0}],"score":1.0,'
    b'"assurance":"judged","assurance":"claimed","check":"security","check":"parse","check":"tests",'
    b'"outcome":"passed","trust":"given","trust":null,"replay_command":"lamarck verify ","check_version":"1",'
    b'"from __future__ import annotations\\n\\nimport re\\nfrom collections.abc import Iterable\\n\\n\\nclass '
    b"def __init__(self, \\n    if not isinstance(value, str):\\n        raise ValueError(f\\n    return self."
    b"\\n        for key, value in items():\\n            result.append(\\n    while True:\\n        try:\\n"
    b'        except (TypeError, ValueError):\\n        return None\\n    elif len(\\n    \\"\\"\\"Return True if the '
    b"\\n\\n    Parameters\\n    ----------\\n    :param :return: :rtype: Args:\\n        Returns:\\n        Raises:\\n"
    b'"kind":"function","lineage":[],"provenance":{"licence":"MIT","place":"","source":""},"provenance":null,'
    b'"status":"live","task":{"acceptance":[{"content":"","kind":"pytest","path":"test_solution.py","trust":"given"}],'
    b'"constraints":[],"entry_point":"","goal":"","id":"","job_limits":{"cpu_seconds":300.0,"file_mb":64,'
    b'"memory_mb":2048,"open_files":256,"output_bytes":1000000,"processes":64,"scratch_mb":256,"wall_seconds":300.0},'
    b'"language":"python","limits":{"seconds":300.0,"tokens":8000,"usd":0.0},"module":"solution","signature":"def ",'
    b'"stubs":[],"support":[],"tags":[]},"usage":{"last_served":null,"served":0},"verdict":{"decision":"accepted",'
    b'"evidence":[],"missing_checks":[],"policy_version":"","quality":null,"reasons":["every given test passed"]}}'
    b'{"candidate":{"entry_point":"","files":[{"path":"solution.py","text":"def "}],"id":"","origin":{"engine":null,'
    b'"generator":"user","model":null,"model_digest":null,"prompt_hash":null,"sampling":null,"template_version":null,'
    b'"tier":null},"parents":[],"spend":{"calls":0,"completion_tokens":0,"cpu_seconds":0.0,"prompt_tokens":0,'
    b'"seconds":0.0,"usd":0.0}},"cost":{"calls":0,"completion_tokens":0,"cpu_seconds":0.0,"prompt_tokens":0,'
    b'"seconds":0.0,"usd":0.0},"created":"2026-'
)


def packed(json: str) -> bytes:
    maker = zlib.compressobj(_LEVEL, zdict=_DICTIONARY)
    return maker.compress(json.encode()) + maker.flush()


def unpacked(stored: str | bytes) -> str | bytes:
    """The JSON text of a record; text that an earlier form of the file stored comes back as it is.

    Raises `zlib.error` for bytes that are damaged.
    """
    if isinstance(stored, str):
        return stored
    reader = zlib.decompressobj(zdict=_DICTIONARY)
    text = reader.decompress(stored)
    if not reader.eof:
        raise zlib.error("the record is cut off")
    return text
