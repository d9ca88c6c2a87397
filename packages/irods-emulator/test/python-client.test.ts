import { type IrodsEmulator, startIrodsEmulator } from '@libconveyor/irods-emulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorityPath, certificate } from './certificates.ts';
import { pythonClient, whyNoPythonClient } from './python-client.ts';

const reason = whyNoPythonClient;
const alice = { user: 'alice', password: 'secret' };

describe.skipIf(reason !== undefined)(
  `python-irodsclient${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let emulator: IrodsEmulator;

    beforeAll(async () => {
      emulator = await startIrodsEmulator({
        users: [
          { name: 'alice', password: 'secret' },
          { name: 'bob', password: 'b' },
        ],
        allowOmitted: true,
      });
    });

    afterAll(async () => {
      expect(emulator.violations).toEqual([]);
      expect(emulator.stats.descriptorsLeftOpen).toBe(0);
      expect(emulator.tokens).toEqual([]);
      expect(emulator.locked).toEqual([]);
      await emulator.close();
    });

    it('puts and gets a file of 12 MB', async () => {
      const seen = await pythonClient(emulator.port, alice, 'put_and_get');
      expect(seen).toEqual({ same: true, size: 12_000_000, status: '1', replicas: 1 });
      expect(emulator.replicas('/tempZone/home/alice/big')).toMatchObject([{ status: 1, size: 12_000_000 }]);
    });

    it('opens, reads, writes, seeks and appends', async () => {
      const seen = await pythonClient(emulator.port, alice, 'open_read_write_seek');
      expect(seen).toEqual({ tail: 'there', whole: 'hello there', appended: 'hello there!' });
    });

    it('lists names of every kind, and moves objects and collections', async () => {
      const names = ['a & b', 'c<d>', 'plain', 'quote"\'', 'ü'];
      const seen = await pythonClient(emulator.port, alice, 'list_and_move');
      const after = ['a & b', 'c<d>', 'moved', 'quote"\'', 'ü'];
      expect(seen).toEqual({ names, after, subs: ['/tempZone/home/alice/c/e'] });
    });

    it('lists more objects than a page holds', async () => {
      for (let number = 0; number < 600; number++) {
        emulator.createObject(`/tempZone/home/alice/many/${number}`, Buffer.of(1));
      }
      expect(await pythonClient(emulator.port, alice, 'list_many')).toEqual({ count: 600, distinct: 600 });
    });

    it('removes objects, with and without the trash, and collections', async () => {
      const gone = { gone: false, trashed: false, collection: false };
      const seen = await pythonClient(emulator.port, alice, 'remove');
      expect(seen).toEqual({ ...gone, in_trash: true, refused: 'CAT_COLLECTION_NOT_EMPTY' });
    });

    it('truncates', async () => {
      expect(await pythonClient(emulator.port, alice, 'truncate')).toEqual({ content: '0123' });
    });

    it('sees the errors that a server answers', async () => {
      expect(await pythonClient(emulator.port, alice, 'errors')).toEqual({
        open: '-358000',
        create: 'CAT_UNKNOWN_COLLECTION',
        unlink: 'CAT_NO_ROWS_FOUND',
        mkdir: 'CATALOG_ALREADY_HAS_ITEM_BY_THAT_NAME',
        foreign: 'CAT_NO_ACCESS_PERMISSION',
      });
    });

    it('is refused with a wrong password, and as somebody unknown', async () => {
      const wrong = await pythonClient(emulator.port, { ...alice, password: 'wrong' }, 'login');
      expect(wrong).toEqual({ error: 'CAT_INVALID_AUTHENTICATION' });
      const unknown = await pythonClient(emulator.port, { ...alice, user: 'nobody' }, 'login');
      expect(unknown).toEqual({ error: 'CAT_INVALID_USER' });
    });

    it('comes in over TLS, and trusts nobody else', async () => {
      const users = [{ name: 'alice', password: 'secret' }];
      const policy = 'CS_NEG_REQUIRE';
      await using secure = await startIrodsEmulator({ users, allowOmitted: true, tls: certificate, policy });
      const settings = {
        client_server_negotiation: 'request_server_negotiation',
        client_server_policy: policy,
        encryption_algorithm: 'AES-256-CBC',
        encryption_key_size: 32,
        encryption_num_hash_rounds: 16,
        encryption_salt_size: 8,
      };
      const trusting = { ...settings, ssl_ca_certificate_file: authorityPath };
      expect(await pythonClient(secure.port, alice, 'put_and_get', trusting)).toMatchObject({ same: true });
      await expect(pythonClient(secure.port, alice, 'login', settings)).rejects.toThrow('CERTIFICATE_VERIFY_FAILED');
      expect(secure.violations).toEqual([]);
    });
  },
);
