package pgtest

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
)

// janitor is a shell that waits for the end of this process, which it sees as
// the end of its input, and then stops the server and removes the folder. So no
// package needs a TestMain to clean up, and a killed test leaves nothing.
type janitor struct {
	cmd   *exec.Cmd
	input io.Closer
}

const janitorScript = `read -r _; "$1" stop -s -m immediate -D "$2/data" >/dev/null 2>&1; cd /; rm -rf -- "$2"`

func hire(c *Cluster) (*janitor, error) {
	cmd := exec.Command("sh", "-c", janitorScript, "sh", filepath.Join(c.bin, "pg_ctl"), c.dir)
	cmd.Dir = c.dir
	cmd.SysProcAttr = c.owner.attributes(false)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &janitor{cmd, input}, cmd.Start()
}

// dismiss lets the janitor do its work, if any is left, and waits for it.
func (j *janitor) dismiss() error {
	if j == nil || j.cmd.Process == nil {
		return nil
	}
	return errors.Join(j.input.Close(), j.cmd.Wait())
}
