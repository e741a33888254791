// Package sso holds the entities of IAM Identity Center that this program serves: the instance of an account, its
// applications with their grants, authentication methods, scopes and assignments, and its trusted token issuers;
// their ids and their ARNs.
//
// It owns what they are called and what they consist of. It does not own who may change what (control), how rows
// are kept (store), who is in the directory (directory), or what a token says (oidc).
package sso
