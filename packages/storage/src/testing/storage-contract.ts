import { describe, test } from 'vitest';
import { attributeCases } from './attribute-cases.ts';
import type { ContractCase, ContractExpectations, ContractSetup, World } from './contract-case.ts';
import { contractLayers } from './contract-layers.ts';
import { dataCases } from './data-cases.ts';
import { lifetimeCases } from './lifetime-cases.ts';
import { modelCases } from './model-cases.ts';
import { namespaceCases } from './namespace-cases.ts';
import { replacementCases } from './replacement-cases.ts';
import { fileTraits, storageTraits } from './trait-cases.ts';

/** Gives an empty storage, or an empty place in one, for one case. */
export type ContractFactory = () => ContractSetup | Promise<ContractSetup>;

/** Every case of the contract for a storage with these capabilities. */
export function contractCases({ capabilities }: ContractExpectations): readonly ContractCase[] {
  const replacement = capabilities.atomicReplace ? replacementCases : [];
  return [
    ...lifetimeCases,
    ...storageTraits(),
    ...fileTraits(),
    ...dataCases,
    ...namespaceCases,
    ...attributeCases,
    ...replacement,
    ...modelCases,
  ];
}

/** Runs one case in a world of its own. Rejects where the storage breaks the contract. */
export async function runContractCase(
  { run }: ContractCase,
  factory: ContractFactory,
  expectations: ContractExpectations,
): Promise<void> {
  const { storage, base = '', dispose } = await factory();
  const { capabilities, fd = false, seed = 1 } = expectations;
  const world: World = {
    storage,
    base: base === '' ? '/' : base,
    at: (name) => `${base}/${name}`,
    capabilities,
    fd,
    seed,
  };
  try {
    await run(world);
    await storage.close();
  } finally {
    await storage.close().catch(() => undefined);
    await dispose?.();
  }
}

/**
 * Declares the contract's tests for a storage, in vitest: call it at the top of a test file.
 *
 * @param name How the tests call the storage.
 * @param expectations What the storage must claim. A case whose capability is missing tests for ENOTSUP instead.
 */
export function storageContract(name: string, factory: ContractFactory, expectations: ContractExpectations): void {
  describe(`storage contract: ${name}`, () => {
    for (const contractCase of contractCases(expectations)) {
      test(contractCase.title, () => runContractCase(contractCase, factory, expectations));
    }
  });
}

/**
 * Declares the contract's tests for a storage by itself and again through every layer. Parameters as {@link
 * storageContract}.
 */
export function layeredStorageContract(
  name: string,
  factory: ContractFactory,
  expectations: ContractExpectations,
): void {
  storageContract(name, factory, expectations);
  for (const [layer, wrap] of Object.entries(contractLayers)) {
    const layered = async () => {
      const setup = await factory();
      return { ...setup, storage: wrap(setup.storage) };
    };
    storageContract(`${name} ${layer}`, layered, { ...expectations, fd: false });
  }
}
