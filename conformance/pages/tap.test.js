import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Parser } from 'tap-parser';
import { folder, suite, withFaults } from './suite.js';

test('a TAP parser reads the same verdicts as the JSON report has', async () => {
  const files = await folder();
  try {
    const tap = join(files.path, 'report.tap');
    const json = join(files.path, 'report.json');
    await withFaults(['JOIN-4'], async (url) => {
      const { code, text } = await suite('run', url, 'JOIN', 'DISC', '--report', `tap=${tap}`, '--report', `json=${json}`);
      assert.equal(code, 1, text);
    });
    const report = JSON.parse(await readFile(json, 'utf8'));
    const points = [];
    const parser = new Parser();
    parser.on('assert', (point) => points.push(point));
    const end = new Promise((resolve) => { parser.on('complete', resolve); });
    parser.end(await readFile(tap, 'utf8'));
    const whole = await end;
    assert.deepEqual(whole.failures.filter((failure) => failure.tapError), []);
    assert.equal(points.length, report.cases.length);
    for (const [place, one] of report.cases.entries()) {
      const point = points[place];
      assert.equal(point.name.split(' - ')[0], one.id);
      assert.equal(point.ok, ['PASS', 'UNSUPPORTED'].includes(one.verdict), one.id);
      assert.equal(Boolean(point.skip), one.verdict === 'UNSUPPORTED', one.id);
      if (one.verdict === 'FAIL') {
        assert.equal(point.diag.requirement, one.failure.requirement);
        assert.equal(point.diag.came, one.failure.came);
        assert.equal(point.diag.timeline.length, one.timeline.length);
      }
    }
    assert.ok(points.some((point) => !point.ok) && points.some((point) => point.skip), 'of each kind there is one');
  } finally {
    await files.remove();
  }
});
