// Writes TypeScript types for every schema.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from 'json-schema-to-typescript';

const [schemas, folder] = process.argv.slice(2);
for (const name of readdirSync(schemas).filter((name) => name.endsWith('.schema.json'))) {
  const schema = JSON.parse(readFileSync(join(schemas, name), 'utf8'));
  const types = await compile(schema, schema.title, { bannerComment: '' });
  writeFileSync(join(folder, name.replace('.schema.json', '.ts')), types);
}
