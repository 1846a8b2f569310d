package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
)

// programs finds the folder that holds PostgreSQL's programs: the one on PATH,
// else that of the newest version where Debian keeps them. Links are followed,
// because the server looks for its own files beside the program.
func programs() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	version := func(dir string) float64 {
		n, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return int(version(b) - version(a)) })
	for _, dir := range dirs {
		if complete(dir) {
			return dir, nil
		}
	}
	return "", ErrNoPostgres
}

func complete(dir string) bool {
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// ownerOf chooses the user as whom PostgreSQL runs. It refuses to run as root,
// so root borrows another user of the system.
func ownerOf() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return owner{}, fmt.Errorf("pgtest: user %s: %w", name, err)
		}
		return owner{switched: true, uid: uid, gid: gid}, nil
	}
	return owner{}, errors.New("pgtest: PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}
