#!/usr/bin/env node
// Kept out of dist/, so that package managers find it before anything is built.
try {
  await import('../dist/main.js');
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  const [what] = error.message.split('\n');
  process.stderr.write(
    `irods-emulator: a part is missing; 'npm run build' at the top of the repository makes it (${what})\n`,
  );
  process.exitCode = 1;
}
