import { readFileSync } from 'node:fs';
import { benchHelp, parseBenchArguments } from './arguments.ts';
import { runBench } from './bench.ts';
import { exitCode } from './exit-code.ts';
import { machineLine, placeLines } from './heading.ts';
import { requireWritable, writeReport } from './json-file.ts';
import { describeMachine } from './machine.ts';
import { planBench } from './plan.ts';
import { runProgram } from './program-end.ts';
import { Progress } from './progress.ts';
import { limitsText, ResultTable } from './result-table.ts';
import { styled, terminalOf } from './terminal.ts';
import { fullScale, quickScale } from './workload.ts';
import { allWorkloads } from './workloads.ts';

const terminal = terminalOf(process.stdout);
const print = (...lines: string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function listLines(): string[] {
  return allWorkloads.flatMap((workload) => [
    `${workload.id}: ${workload.title}`,
    `  must reach: ${limitsText(workload)}`,
  ]);
}

process.exitCode = await runProgram('conveyor-bench', async (signal) => {
  const { action, workloads, rounds, isQuick, directory, jsonFile } = parseBenchArguments(
    process.argv.slice(2),
    allWorkloads,
  );
  if (action === 'help') process.stdout.write(benchHelp);
  if (action === 'version') print(packageVersion());
  if (action === 'list') print(...listLines());
  if (action !== 'run') return exitCode.done;

  if (jsonFile !== undefined) await requireWritable(jsonFile);
  const scale = isQuick ? quickScale : fullScale;
  const plan = await planBench({ workloads, rounds, scale, directory, signal });
  const amount = isQuick ? ', little data' : '';
  print(`conveyor-bench: ${rounds} rounds of each case${amount}, in turn with its peers; medians, ratios (min-max)`);
  print(styled(terminal, 'dim', [machineLine(describeMachine()), ...placeLines(plan.places, plan.leftOut)].join('\n')));

  const table = new ResultTable(terminal);
  const progress = new Progress(process.stderr, terminalOf(process.stderr));
  const report = await runBench(plan, {
    caseBegins: (workload, place, { label }) =>
      progress.show([workload.title, place?.fileSystem, label].filter((part) => part !== undefined).join(', ')),
    workloadEnds(workload, results) {
      progress.clear();
      print('', ...table.workloadLines(workload, results));
    },
  }).finally(() => progress.clear());
  if (scale.isFull) print('', ...table.summaryLines(workloads, report.results));
  else print('', 'quick sizes: nothing is judged');
  const loads = report.results.map(({ loadOneMinute }) => loadOneMinute);
  const busiest = Math.max(...loads);
  if (busiest > report.machine.cpus) {
    print(`others were at work on this machine too: load up to ${busiest.toFixed(1)} on ${report.machine.cpus} CPUs`);
  }
  if (jsonFile !== undefined) {
    await writeReport(jsonFile, report);
    print(`all samples: ${jsonFile}`);
  }
  return exitCode.done;
});
