"""What a program with openstacksdk sees of the cloud, as JSON: logs in from OS_* variables."""
import json
import openstack

cloud = openstack.connect(load_yaml_config=False)
compute = cloud.compute
print(json.dumps({
    'flavors': sorted(flavor.name for flavor in compute.flavors()),
    'images': sorted(image.id for image in cloud.image.images()),
    'networks': sorted(network.name for network in cloud.network.networks()),
    'zones': sorted(zone.name for zone in compute.availability_zones()),
    'limits': compute.get_limits().absolute.instances,
    'microversion': openstack.utils.maximum_supported_microversion(compute, '2.90'),
}, sort_keys=True))
