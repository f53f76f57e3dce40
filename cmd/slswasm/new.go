package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/slswasm/slswasm/host/offline"
)

func newCommand() *cli.Command {
	var lang, sdk string
	return &cli.Command{
		Name:      "new",
		ArgsUsage: "DIR",
		Usage:     "write the beginning of a module: code, tests, a Makefile and a README",
		Description: "DIR must be empty or not there yet; the project has its name. The SDK is that of this program's version, or, in a\n" +
			"checkout of slswasm, the one beside it.\n" +
			"Exit codes: 0 written, 2 nothing was written.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "lang", Usage: "`LANGUAGE` of the project: go, tinygo or rust (required)", Destination: &lang},
			&cli.StringFlag{Name: "sdk", Usage: "`DIR` of a checkout of slswasm, or of the SDK in it", Destination: &sdk},
		},
		Action: func(c *cli.Context) error {
			if err := words(c, 1); err != nil {
				return err
			}
			project, err := newProject(c.Args().First(), lang, sdk)
			if err != nil {
				return usage(err)
			}
			files, err := project.Write()
			if err != nil {
				return usage(err)
			}
			w := c.App.Writer
			for _, file := range files {
				fmt.Fprintln(w, filepath.Join(project.Dir, filepath.FromSlash(file)))
			}
			_, err = fmt.Fprintf(w, "\nNow: cd %s && make test\n", project.Dir)
			return err
		},
	}
}

// newProject checks all that it is called with, in one message.
func newProject(dir, lang, sdk string) (*offline.Project, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &offline.Project{Dir: dir, Name: filepath.Base(abs), Lang: lang}
	errs := []error{offline.CheckName(p.Name)}
	if lang == "" {
		return nil, errors.Join(append(errs, errors.New("--lang is missing: go, tinygo or rust"))...)
	}
	if err := offline.CheckLang(lang); err != nil {
		return nil, errors.Join(append(errs, fmt.Errorf("--lang: %w", err))...)
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if p.SDK, err = offline.FindSDK(lang, sdk, program, version()); err != nil {
		errs = append(errs, fmt.Errorf("--sdk: %w", err))
	}
	return p, errors.Join(errs...)
}
