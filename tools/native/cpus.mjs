import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The numbers of the CPUs that this process may run on. */
export function allowedCpus() {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (list) return parseCpuList(list);
  } catch {
    // Not Linux: the count is known, the numbers are not.
  }
  return Array.from({ length: availableParallelism() }, (_, index) => index);
}

/** The numbers in a list as the kernel writes it: `0-2,5`. @param {string} list */
export function parseCpuList(list) {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
