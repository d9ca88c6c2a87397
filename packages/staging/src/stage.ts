import type { Source } from './source.ts';
import type { StagedFile } from './staged-file.ts';
import { type StageOptions, StagingManager } from './staging-manager.ts';
import type { StagingOptions } from './staging-options.ts';

/**
 * Stages one source, with a budget of its own: begins to fetch at once, into a temporary file that is gone when the
 * returned file is closed. Who stages several opens a {@link StagingManager}.
 *
 * Errors: those of {@link StagingManager.open} and {@link StagingManager.stage}. Clause: T1.
 */
export async function stage(source: Source, options: StagingOptions & StageOptions = {}): Promise<StagedFile> {
  const { size, ...others } = options;
  const manager = await StagingManager.open(others);
  try {
    return await manager.stageOnly(source, { size });
  } catch (thrown) {
    await manager.close();
    throw thrown;
  }
}
