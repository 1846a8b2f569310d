package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"purse/identity"
	"purse/store"

	"github.com/spf13/pflag"
)

// openVault reads the key that seals the secrets which must be read again. Beside a
// SQLite database a key is made when there is none; a network on PostgreSQL, which
// several servers may share, has one only if a file is named. made names the file
// if it is new.
func (c config) openVault() (v *identity.Vault, made string, err error) {
	path := c.KeyFile
	if path == "" {
		if store.IsPostgres(c.Database) {
			return nil, "", nil
		}
		path = c.Database + ".key"
		switch _, err := os.Lstat(path); {
		case errors.Is(err, fs.ErrNotExist):
			if err := makeKey(path); err != nil {
				return nil, "", fmt.Errorf("make the key file: %w", err)
			}
			made = path
		case err != nil:
			return nil, "", fmt.Errorf("key-file: %w", err)
		}
	}
	key, err := readKey(path)
	if err != nil {
		return nil, "", fmt.Errorf("key-file: %w", err)
	}
	v, err = identity.NewVault(key)
	return v, made, err
}

// sealing are the orders that may make keys with an API secret, which has to be sealed.
// What gives one without a server reads the key that the server would.
var sealing = map[string]bool{"merchant.create": true, "merchant.add": true, "merchant.rotate": true}

// sealFlag is for the commands that give such an order.
func sealFlag(f *pflag.FlagSet) {
	f.String("key-file", "", "the key that seals API secrets, when no server is running; as of purse serve")
}

// openVault gives a network that is not served its Vault. It says so if there is a new key.
func (n *network) openVault(c config, say io.Writer) error {
	vault, made, err := c.openVault()
	if made != "" {
		fmt.Fprintf(say, "Made the key %s; keep a copy of it apart from the database's.\n", made)
	}
	n.identity.Vault = vault
	return err
}

// makeKey writes a new key to path: whole or not at all, as a cut-off one would keep
// the next start from making another.
func makeKey(path string) error {
	key := make([]byte, identity.VaultKeyBytes)
	_, _ = rand.Read(key) // never fails; see crypto/rand

	// With mode 0600.
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(key)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	// What is sealed must not outlive a loss of power that its key does not.
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// notForOthers are the permissions that a key file must not give. Its group may read
// it: services are given secrets in that way.
const notForOthers fs.FileMode = 0o027

// readKey reads a key: 32 bytes as they are, or 64 hex digits and perhaps a line end.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened, not of what may have taken its place
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if info.Mode().Perm()&notForOthers != 0 {
		return nil, fmt.Errorf("%s can be read or changed by others than its owner; chmod 600 it", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, 2*identity.VaultKeyBytes+3))
	if err != nil {
		return nil, err
	}
	if len(b) == identity.VaultKeyBytes {
		return b, nil
	}
	key, err := hex.DecodeString(string(bytes.TrimRight(b, "\r\n")))
	if err != nil || len(key) != identity.VaultKeyBytes {
		return nil, fmt.Errorf("%s must have %d bytes, or %d hex digits", path, identity.VaultKeyBytes, 2*identity.VaultKeyBytes)
	}
	return key, nil
}
