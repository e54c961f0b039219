//go:build !linux

package probe

import (
	"context"
	"errors"
)

func failedUnits(context.Context) ([]Unit, error) { return nil, errors.ErrUnsupported }

func serviceState(context.Context, string) (ServiceState, error) { return "", errors.ErrUnsupported }

func packages(context.Context) (Packages, error) { return Packages{}, errors.ErrUnsupported }

func updates(context.Context) (Updates, error) { return Updates{}, errors.ErrUnsupported }

func crashes(context.Context) (Crashes, error) { return Crashes{}, errors.ErrUnsupported }

func listShares(context.Context) ([]Share, error) { return nil, nil }

func automounts(context.Context) []string { return nil }

func askShares(context.Context, []Share) []ShareAnswer { return nil }

func passwordAge(context.Context) (PasswordAge, error) { return PasswordAge{}, errors.ErrUnsupported }

func ownCertificates(ctx context.Context) (OwnCertificates, error) { return noCertificates(ctx) }
