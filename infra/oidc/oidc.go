// Package oidc signs people in at the province's own sign-in, by OpenID
// Connect's code flow with PKCE.
package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"lenlop/services/fault"
	"lenlop/services/job"
	"lenlop/services/people"
)

// Config names the provider and what it knows this server by.
type Config struct {
	Issuer, ClientID, ClientSecret string
	Client                         *http.Client // nil: one with a timeout
}

// Provider is the province's own sign-in. It is asked for its addresses when
// the first person comes, so that the server starts while it is away.
type Provider struct {
	c     Config
	mu    sync.Mutex
	found *oidc.Provider
}

// answersWithin bounds each question to the provider.
const answersWithin = 15 * time.Second

// New makes a Provider.
func New(c Config) *Provider {
	if c.Client == nil {
		c.Client = &http.Client{Timeout: answersWithin}
	}
	return &Provider{c: c}
}

func (p *Provider) provider(ctx context.Context) (*oidc.Provider, error) {
	job.Outside(ctx, "OpenID provider")
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The keys are asked for with this context later on: it must not end.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.c.Client), p.c.Issuer)
	if err != nil {
		return nil, fault.Wrap(fmt.Errorf("oidc %s: %w", p.c.Issuer, err), fault.Unavailable, "signin.external_away")
	}
	p.found = found
	return found, nil
}

func (p *Provider) config(found *oidc.Provider, back string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.c.ClientID, ClientSecret: p.c.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: back,
		Scopes:      []string{oidc.ScopeOpenID, "profile", "email"}}
}

// Address is where to send somebody; they come back to the address back with
// the state.
func (p *Provider) Address(ctx context.Context, back, state, nonce, verifier string) (string, error) {
	found, err := p.provider(ctx)
	if err != nil {
		return "", err
	}
	return p.config(found, back).AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Redeem turns the code that somebody came back with into who they are.
// Faults: Unauthenticated "signin.external_refused", Unavailable
// "signin.external_away".
func (p *Provider) Redeem(ctx context.Context, back, code, nonce, verifier string) (people.Claims, error) {
	found, err := p.provider(ctx)
	if err != nil {
		return people.Claims{}, err
	}
	refused := func(err error) (people.Claims, error) {
		return people.Claims{}, fault.Wrap(fmt.Errorf("oidc: %w", err), fault.Unauthenticated,
			"signin.external_refused")
	}
	ctx = oidc.ClientContext(ctx, p.c.Client)
	token, err := p.config(found, back).Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		if reported, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			return refused(fmt.Errorf("the provider answered %s", reported.ErrorCode)) // its answer may hold secrets
		}
		return people.Claims{}, fault.Wrap(errors.New("oidc: no answer to the code"), fault.Unavailable,
			"signin.external_away")
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return refused(errors.New("no id_token in the answer"))
	}
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.c.ClientID}).Verify(ctx, raw)
	if err != nil {
		return refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return refused(errors.New("another nonce"))
	}
	claims := people.Claims{Issuer: id.Issuer, Subject: id.Subject}
	var more struct {
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
		Name          string `json:"name"`
	}
	if err := id.Claims(&more); err != nil {
		return refused(err)
	}
	claims.Email, claims.EmailVerified, claims.Name = more.Email, more.EmailVerified, more.Name
	if claims.Email == "" {
		// Providers may keep these to the userinfo address.
		info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err == nil && info.Subject == id.Subject {
			claims.Email, claims.EmailVerified = info.Email, info.EmailVerified
		}
	}
	return claims, nil
}
