/**
 * Where clouds of today (Nova 2.1) answer otherwise than the guide says, by section and case: what the suite finds there
 * through Sluice is the cloud's own answer, which Sluice hands on.
 */
export const NEWER_CLOUDS_DIFFER: Readonly<Record<string, string>> = {
  '1.6 a marker that names nothing is itemNotFound': 'an unknown marker is 400',
  '1.6 a limit above 1000 is overLimit, one that is no number badRequest':
    'a page is cut to its largest size',
  '1.8.1 the published limits are those of Table 1.3': 'no rates are published',
  '1.8.1 a limit of 0 forbids: 413 overLimit with Retry-After and retryAt': 'there is no os-networksv2',
  '1.8.1 what exceeds a limit is overLimit, and passes once the window is over': 'no rates are enforced',
  '1.8.2 every limit of Tables 1.4 and 1.5 is there, as a number': 'limits are others',
  '1.8.2 a create beyond a quota is overLimit with Retry-After 0: waiting is no help':
    'a quota is 403, and larger',
  '1.10.1 those the guide describes are among them': 'there are no extensions of Rackspace’s',
  '1.11.1 a region without room for a server is serverCapacityUnavailable: to create, rebuild and resize':
    'no fault has that name',
  '1.11.2 an image that fails is in ERROR with the fault inside, and its server is free again':
    'images carry no fault',
  '1.9.2 v2 describes itself with id, status and a self link, without a token and without microversions':
    'version documents are the region’s own, microversions included',
  '1.11.1 a method the resource does not have is 405 and names those it has':
    'it is 404, as a path that is none',
  '2.1.1 a status there is not is badRequest': 'an unknown status is that of no server',
  '2.1.2 202 with id, links, a password of its own making and a Location, then BUILD and ACTIVE':
    'progress is 0 once a server is ACTIVE',
  '2.1.2 name, metadata, networks and access addresses are taken as given': 'networks are those of Neutron',
  '2.1.2 2.1.2.2 metadata of more than 255 bytes, or of more than 20 items, are overLimit': 'a quota is 403',
  '2.1.2 2.1.2.3 files are injected up to their limits: number, size when decoded, length of the path':
    'a quota is 403',
  '2.1.2 an image or flavor that is not there is a fault': 'what a body names is 400',
  '2.1.3 a server has everything clients need, and no password': 'progress is 0 once a server is ACTIVE',
  '2.1.3 access addresses that were not given are filled in once it is ACTIVE': 'they stay empty',
  '2.1.4 a server that is being built cannot be updated': 'no fault has that name',
  '2.2.1 the addresses of every network, as the server itself shows them':
    'a server shows MAC addresses, too',
  '2.3.1 during a build it is buildInProgress': 'every conflict is conflictingRequest',
  '2.3.3 without an image it is badRequest, with one that is not there a fault': 'what is no uuid is 400',
  '2.3.4 to the flavor it has is resizeNotAllowed, to one there is not a fault': 'it is 400',
  '2.3.4 202, then ACTIVE -> RESIZE -> VERIFY_RESIZE with the new flavor; nothing else is possible until then':
    'every conflict is conflictingRequest',
  '2.3.5 with nothing to confirm it is resizeNotAllowed': 'it is 400',
  '2.3.7 200 with a password, then ACTIVE -> PREP_RESCUE -> RESCUE, for 90 minutes at most':
    'there is no PREP_RESCUE',
  '2.3.8 202, then RESCUE -> PREP_UNRESCUE -> ACTIVE; to a server that is not rescued it is operationNotAllowed':
    'every conflict is conflictingRequest',
  '2.3.9 202 with the Location of an image that goes SAVING -> ACTIVE and knows its server':
    'every conflict is conflictingRequest',
  '2.7.2 a set replaces everything; too many items are overLimit': 'limits are larger',
  '2.7.5 an item is set; a body with another key is badRequest': 'a text that is too long is no 413',
  '3.1 a server that has run for a while shows the bandwidth of each network, and more an hour later':
    'there are no extensions of Rackspace’s',
  '3.2 a server has the disk configuration that was given, else that of its image': 'images have none',
  '3.2 a rebuild and a resize change it, and an image inherits it': 'images have none',
};
