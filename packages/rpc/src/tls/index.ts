// What loads the makers of certificates: of no use within one machine, and so an entry of its own.
export { certificateMs, openAuthority, rotateAuthority, type Authority } from './authority.ts';
export {
  coordinatorCredentials,
  guestRenewal,
  joinRun,
  keepRenewed,
  ownAddressTowards,
  ownRenewal,
  renewIdentity,
  type Membership,
} from './membership.ts';
