"""Judges every fixture with jsonschema: valid ones pass, invalid ones do not."""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator

schemas, fixtures = map(pathlib.Path, sys.argv[1:])
judged, wrong = 0, []
for path in sorted(schemas.glob("*.schema.json")):
    kind = path.name.removesuffix(".schema.json")
    schema = json.loads(path.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for expected in ("valid", "invalid"):
        for file in sorted((fixtures / kind / expected).glob("*.json")):
            if file.name.startswith("json-"):  # faults of the text are not the schema's concern
                continue
            document = json.loads(file.read_text("utf-8"))
            if validator.is_valid(document) != (expected == "valid"):
                wrong.append(f"{kind}/{expected}/{file.name}")
            judged += 1
print(f"{judged} fixtures judged, {len(wrong)} wrong")
print("\n".join(wrong))
sys.exit(0 if not wrong and judged > 200 else 1)
