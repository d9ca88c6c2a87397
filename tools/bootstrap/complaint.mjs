/**
 * Something that the person at the keyboard can put right. Its message is complete and is printed alone, without a
 * stack, so it names the cause and the next command to type.
 */
export class Complaint extends Error {
  name = 'Complaint';
}

/**
 * Runs a program's main function and turns its outcome into the exit code.
 *
 * @param {() => Promise<number | undefined>} main Resolves to the exit code; `undefined` is 0.
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
