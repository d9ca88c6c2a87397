#!/usr/bin/env node
// Runs a tool that the workspace pins, installing the packages first when they are not there:
// `node tools/bootstrap/run.mjs TOOL ARGS...`.
import { Complaint, runMain } from './complaint.mjs';
import { ensureInstalled } from './ready.mjs';
import { runTool } from './tool.mjs';

await runMain(async () => {
  const [name, ...args] = process.argv.slice(2);
  if (!name) throw new Complaint('Usage: node tools/bootstrap/run.mjs TOOL ARGS...');
  await ensureInstalled();
  return (await runTool(name, args)).code;
});
