// Package sso holds the entities of IAM Identity Center that this program serves: the instance of an account, its
// applications with their grants, authentication methods, scopes and assignments, and its trusted token issuers;
// their ids and their ARNs.
//
// It owns the names and the fields of these entities. It does not own who may change an entity (control), how rows
// are stored (store), who is in the directory (directory), or what a token says (oidc).
package sso
