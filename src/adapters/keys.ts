import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { done, type Result, refuse } from '../domain/refusal.ts'
import { keyIdOf, publicKeyText } from '../evidence/public-key.ts'
import type { Signer } from '../loop/ports.ts'
import { sealedPem } from './sealed-key.ts'

/** `<actor>.<key id>.pem`: actor ids may hold dots, key ids are 16 hex digits. */
const KEY_FILE = /^(?<actor>.+)\.(?<keyId>[0-9a-f]{16})\.pem$/

/**
 * Private keys as PKCS #8 PEM files of mode 0600 in a folder of mode 0700, under the passphrase where one is given; a file that
 * `openssl pkcs8 -topk8` sealed opens as well. A key file that others may read is refused, like ssh does, and so is one that
 * holds another key than its name says.
 */
export function keyFolder(folder: string, passphrase: string | null): Signer {
  const pathOf = (actorId: string, keyId: string): string => join(folder, `${actorId}.${keyId}.pem`)
  return {
    keysOf: async actorId =>
      filesIn(folder).flatMap(name => {
        const named = KEY_FILE.exec(name)?.groups
        return named?.actor === actorId ? [named.keyId as string] : []
      }),
    sign: async (actorId, keyId, payload) => {
      const opened = openKey(pathOf(actorId, keyId), keyId, passphrase)
      return opened.ok ? done(sign(null, payload, opened.value).toString('base64')) : opened
    },
    create: async actorId => {
      const pair = generateKeyPairSync('ed25519')
      const publicKey = publicKeyText(pair.publicKey)
      const keyId = keyIdOf(publicKey)
      const pem =
        passphrase === null
          ? pair.privateKey.export({ type: 'pkcs8', format: 'pem' })
          : sealedPem(pair.privateKey, passphrase)
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        writeWhole(pathOf(actorId, keyId), pem)
      } catch (error) {
        return refuse(
          'bad_input',
          `no key can be kept in \`${folder}\``,
          'make that folder writable and make room on its disk, or set QUOTEY_KEYS',
          {
            cause: (error as Error).message,
          },
        )
      }
      return done({ keyId, publicKey })
    },
  }
}

/** A new file of mode 0600, on disk before anybody relies on its key, or none at all. */
function writeWhole(path: string, text: string | Buffer): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } catch (error) {
    rmSync(path)
    throw error
  } finally {
    closeSync(file)
  }
}

const filesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])

function openKey(path: string, keyId: string, passphrase: string | null): Result<KeyObject> {
  if (!existsSync(path)) {
    return refuse(
      'not_authorised',
      `the private key \`${path}\` is not at hand`,
      'put the key file there, or name its folder with QUOTEY_KEYS',
    )
  }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    return refuse(
      'not_authorised',
      `others may read the private key \`${path}\``,
      `run \`chmod 600 ${path}\`, and replace the key if it may have been read`,
    )
  }
  const pem = readFileSync(path, 'utf8')
  try {
    const key = createPrivateKey(passphrase === null ? pem : { key: pem, passphrase })
    return isNamed(key, keyId) ? done(key) : anotherKey(path, keyId)
  } catch {
    return refuse(
      'not_authorised',
      `the private key \`${path}\` does not open`,
      'set QUOTEY_KEY_PASSPHRASE to its passphrase, or put back the file as it was made',
    )
  }
}

/** A file that was put in the place of another must not sign in its name: every record it signs would be broken. */
const isNamed = (key: KeyObject, keyId: string): boolean =>
  key.asymmetricKeyType === 'ed25519' && keyIdOf(publicKeyText(createPublicKey(key))) === keyId

const anotherKey = (path: string, keyId: string): Result<never> =>
  refuse(
    'not_authorised',
    `the private key \`${path}\` is not the key \`${keyId}\``,
    'put back the file as it was made, and find out who replaced it',
  )
