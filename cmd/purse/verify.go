package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"purse/audit"

	"github.com/spf13/cobra"
)

// neighbourPace is the share of the time that verify works while a server is
// running: on a small machine they share a core.
const neighbourPace = 0.1

// errFindings means that verify has found something wrong; it has said what.
var errFindings = errors.New("the book is not as it must be")

func newVerify() *cobra.Command {
	var acked string
	var asJSON bool
	var pace float64
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check every invariant of the book, with code of its own",
		Long: `Check every invariant of the book, with code of its own and without writing.

It may run beside a server, and then rests most of the time; see --pace. The
exit status is 0 if all is well, 1 if something is wrong, and 2 if it could not
be found out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := readConfig(cmd)
			if err != nil {
				return exit{2, err}
			}
			if !cmd.Flags().Changed("pace") && serverRuns(c) {
				pace = neighbourPace
			}
			o := audit.Options{Database: c.Database, Pace: pace}
			if acked != "" {
				f, err := os.Open(acked)
				if err != nil {
					return exit{2, err}
				}
				defer f.Close()
				o.Acked = f
			}
			report, err := audit.Run(cmd.Context(), o)
			if err != nil {
				return exit{2, err}
			}
			if err := printReport(cmd.OutOrStdout(), report, asJSON); err != nil {
				return exit{2, err}
			}
			if !report.OK() {
				return exit{1, errFindings}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&acked, "acked", "", "a file of payment ids, one a line, that must be there and settled (see bench --record)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().Float64Var(&pace, "pace", 1, fmt.Sprintf("the share of the time in which it may work (default %v while a server is running)", neighbourPace))
	return cmd
}

func printReport(w io.Writer, r *audit.Report, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			OK bool `json:"ok"`
			*audit.Report
		}{r.OK(), r})
	}
	_, err := r.WriteTo(w)
	return err
}

// serverRuns says whether a server has this network open on this machine.
func serverRuns(c config) bool {
	conn, err := net.DialTimeout("unix", c.socket(), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// exit is an error with an exit status of its own.
type exit struct {
	status int
	err    error
}

func (e exit) Error() string { return e.err.Error() }
func (e exit) Unwrap() error { return e.err }
