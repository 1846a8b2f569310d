package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"purse/identity"
)

func TestKeyFile(t *testing.T) {
	key := []byte("0123456789abcdef0123456789abcde\n") // 32 bytes, and the last is not a line end
	vault, err := identity.NewVault(key)
	if err != nil {
		t.Fatal(err)
	}
	sealed := vault.Seal("seed", "name")
	for name, tc := range map[string]struct {
		content string
		mode    os.FileMode
		want    string // part of the error; empty: it is taken
	}{
		"bytes":            {string(key), 0o600, ""},
		"read-only":        {string(key), 0o400, ""},
		"for the group":    {string(key), 0o440, ""},
		"hex":              {hex.EncodeToString(key), 0o600, ""},
		"upper case":       {strings.ToUpper(hex.EncodeToString(key)), 0o600, ""},
		"hex, line end":    {hex.EncodeToString(key) + "\n", 0o600, ""},
		"hex, CR LF":       {hex.EncodeToString(key) + "\r\n", 0o600, ""},
		"for all":          {string(key), 0o644, "by others"},
		"written by group": {string(key), 0o660, "by others"},
		"empty":            {"", 0o600, "must have 32 bytes"},
		"a byte short":     {string(key[1:]), 0o600, "must have 32 bytes"},
		"a byte long":      {string(key) + "x", 0o600, "must have 32 bytes"},
		"a digit short":    {hex.EncodeToString(key)[1:], 0o600, "must have 32 bytes"},
		"no hex":           {strings.Repeat("x", 64), 0o600, "must have 32 bytes"},
		"more behind":      {hex.EncodeToString(key) + "\nmore", 0o600, "must have 32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			v, made, err := config{Database: "postgres://db/purse", KeyFile: path}.openVault()
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) || v != nil {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || made != "" {
				t.Fatal(made, err)
			}
			if got, err := v.Open(sealed, "name"); got != "seed" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestKeyIsMadeBesideSQLite(t *testing.T) {
	dir := t.TempDir()
	c := config{Database: filepath.Join(dir, "purse.db")}
	v, made, err := c.openVault()
	if err != nil || made != c.Database+".key" {
		t.Fatal(made, err)
	}
	info, err := os.Stat(made)
	if err != nil || info.Mode() != 0o600 || info.Size() != identity.VaultKeyBytes {
		t.Errorf("%v, %v", info, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
	sealed := v.Seal("seed", "name")
	before, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	again, made, err := c.openVault()
	if err != nil || made != "" {
		t.Fatal(made, err)
	}
	if got, err := again.Open(sealed, "name"); got != "seed" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if after, err := os.ReadFile(c.Database + ".key"); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the key has changed: %v", err)
	}
	// A file that was named is not made: the name may be wrong, or its disk not there.
	if _, _, err := (config{Database: c.Database, KeyFile: filepath.Join(dir, "none")}).openVault(); err == nil {
		t.Error("a key was made")
	}
	if _, _, err := (config{Database: c.Database, KeyFile: dir}).openVault(); err == nil {
		t.Error("a folder is a key")
	}
	// A link to a disk that is not there is not a missing key either.
	lost := config{Database: filepath.Join(dir, "other.db")}
	if err := os.Symlink(filepath.Join(dir, "gone", "key"), lost.Database+".key"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lost.openVault(); err == nil {
		t.Error("a key was made in place of a link")
	}
	if v, made, err := (config{Database: "postgres://db/purse"}).openVault(); v != nil || made != "" || err != nil {
		t.Errorf("PostgreSQL: %v, %q, %v", v, made, err)
	}
}

func TestServerRefusesAKeyForAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, make([]byte, identity.VaultKeyBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	out, status := try(t, "serve", "--sandbox", "--database", filepath.Join(dir, "purse.db"), "--listen", "127.0.0.1:0", "--key-file", path)
	if status == 0 || !strings.Contains(out, "by others") {
		t.Errorf("status %d: %s", status, out)
	}
}
