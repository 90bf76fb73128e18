// Judges every fixture with ajv: valid ones pass, invalid ones do not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';

const [schemas, fixtures] = process.argv.slice(2);
const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
for (const keyword of ['x-rule', 'x-unit', 'x-source']) ajv.addKeyword(keyword);
let judged = 0;
const wrong = [];
for (const name of readdirSync(schemas).filter((name) => name.endsWith('.schema.json'))) {
  const kind = name.replace('.schema.json', '');
  const schema = JSON.parse(readFileSync(join(schemas, name), 'utf8'));
  const validate = ajv.compile(schema);
  for (const expected of ['valid', 'invalid']) {
    let files = [];
    try { files = readdirSync(join(fixtures, kind, expected)); } catch { continue; }
    // Faults of the text are not the schema's concern.
    for (const file of files.filter((file) => !file.startsWith('json-'))) {
      const document = JSON.parse(readFileSync(join(fixtures, kind, expected, file), 'utf8'));
      if (validate(document) !== (expected === 'valid')) wrong.push(`${kind}/${expected}/${file}`);
      judged += 1;
    }
  }
}
console.log(`${judged} fixtures judged, ${wrong.length} wrong`);
for (const file of wrong) console.log(file);
process.exit(wrong.length === 0 && judged > 200 ? 0 : 1);
