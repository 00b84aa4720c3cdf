// What a program with gophercloud (Terraform's SDK) sees of the cloud, as JSON: logs in from OS_* variables, reads what a plan
// reads, and takes a server and an image through their lives.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"strings"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/availabilityzones"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/keypairs"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/extensions/limits"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/imagedata"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
	"github.com/gophercloud/gophercloud/openstack/networking/v2/extensions/security/groups"
	"github.com/gophercloud/gophercloud/openstack/networking/v2/networks"
	"github.com/gophercloud/gophercloud/openstack/networking/v2/subnets"
	"github.com/gophercloud/gophercloud/pagination"
)

func must(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func pageOf(what string, pager pagination.Pager) pagination.Page {
	page, err := pager.AllPages()
	must(what, err)
	return page
}

func sorted(names []string) []string {
	sort.Strings(names)
	return names
}

func main() {
	log.SetFlags(0)
	env := os.Getenv
	provider, err := openstack.AuthenticatedClient(gophercloud.AuthOptions{
		IdentityEndpoint: env("OS_AUTH_URL"),
		Username:         env("OS_USERNAME"),
		Password:         env("OS_PASSWORD"),
		DomainID:         env("OS_USER_DOMAIN_ID"),
		DomainName:       env("OS_USER_DOMAIN_NAME"),
		TenantID:         env("OS_PROJECT_ID"),
		TenantName:       env("OS_PROJECT_NAME"),
		AllowReauth:      true,
	})
	must("login", err)
	region := gophercloud.EndpointOpts{Region: env("OS_REGION_NAME")}
	compute, err := openstack.NewComputeV2(provider, region)
	must("compute", err)
	image, err := openstack.NewImageServiceV2(provider, region)
	must("image", err)
	network, err := openstack.NewNetworkV2(provider, region)
	must("network", err)

	found := map[string]interface{}{}
	found["flavors"] = flavorNames(compute)
	found["newestFlavors"] = func() []string {
		newer := *compute
		newer.Microversion = "2.61"
		return flavorNames(&newer)
	}()
	allImages, err := images.ExtractImages(pageOf("images", images.List(image, images.ListOpts{Limit: 2})))
	must("images", err)
	ids := []string{}
	for _, one := range allImages {
		ids = append(ids, one.ID+" "+string(one.Status))
	}
	found["images"] = sorted(ids)
	sort.Slice(allImages, func(a, b int) bool { return allImages[a].MinRAMMegabytes < allImages[b].MinRAMMegabytes })
	allNetworks, err := networks.ExtractNetworks(pageOf("networks", networks.List(network, networks.ListOpts{Limit: 1})))
	must("networks", err)
	allSubnets, err := subnets.ExtractSubnets(pageOf("subnets", subnets.List(network, nil)))
	must("subnets", err)
	allGroups, err := groups.ExtractGroups(pageOf("security groups", groups.List(network, groups.ListOpts{})))
	must("security groups", err)
	found["networks"] = func() (names []string) {
		for _, one := range allNetworks {
			names = append(names, one.Name)
		}
		for _, one := range allSubnets {
			names = append(names, one.CIDR)
		}
		for _, one := range allGroups {
			names = append(names, one.Name)
		}
		return sorted(names)
	}()
	zones, err := availabilityzones.ExtractAvailabilityZones(pageOf("zones", availabilityzones.List(compute)))
	must("zones", err)
	found["zones"] = func() (names []string) {
		for _, one := range zones {
			names = append(names, one.ZoneName)
		}
		return sorted(names)
	}()
	keys, err := keypairs.ExtractKeyPairs(pageOf("key pairs", keypairs.List(compute)))
	must("key pairs", err)
	found["keyPairs"] = len(keys)
	most, err := limits.Get(compute, nil).Extract()
	must("limits", err)
	found["mostInstances"] = most.Absolute.MaxTotalInstances
	_, missing := servers.Get(compute, "00000000-0000-4000-8000-00000000dead").Extract()
	found["missing"] = fmt.Sprintf("%T", missing)
	_, forbidden := flavors.Create(compute, flavors.CreateOpts{Name: "x", RAM: 1, VCPUs: 1, Disk: gophercloud.IntToPointer(1)}).Extract()
	found["forbidden"] = fmt.Sprintf("%T", forbidden)
	found["server"] = serverLife(compute, allImages[0].ID)
	found["image"] = imageLife(image)
	must("output", json.NewEncoder(os.Stdout).Encode(found))
}

func flavorNames(compute *gophercloud.ServiceClient) (names []string) {
	all, err := flavors.ExtractFlavors(pageOf("flavors", flavors.ListDetail(compute, flavors.ListOpts{Limit: 2})))
	must("flavors", err)
	for _, one := range all {
		names = append(names, fmt.Sprintf("%s %d", one.Name, one.RAM))
	}
	return sorted(names)
}

// A server from create to delete, its status after each step.
func serverLife(compute *gophercloud.ServiceClient, image string) (seen []string) {
	made, err := servers.Create(compute, servers.CreateOpts{
		Name: "sluice-gophercloud", FlavorRef: "2", ImageRef: image, Metadata: map[string]string{"made": "here"},
	}).Extract()
	must("server create", err)
	must("server ACTIVE", servers.WaitForStatus(compute, made.ID, "ACTIVE", 120))
	shown, err := servers.Get(compute, made.ID).Extract()
	must("server show", err)
	seen = append(seen, shown.Name, shown.Status, shown.Metadata["made"])
	must("server reboot", servers.Reboot(compute, made.ID, servers.RebootOpts{Type: servers.SoftReboot}).ExtractErr())
	must("server ACTIVE again", servers.WaitForStatus(compute, made.ID, "ACTIVE", 120))
	must("server delete", servers.Delete(compute, made.ID).ExtractErr())
	err = gophercloud.WaitFor(120, func() (bool, error) {
		_, err := servers.Get(compute, made.ID).Extract()
		_, isGone := err.(gophercloud.ErrDefault404)
		return isGone, nil
	})
	must("server gone", err)
	return append(seen, "gone")
}

// An image up (in chunks, since its length is not known) and down, with equal checksums.
func imageLife(image *gophercloud.ServiceClient) string {
	visibility := images.ImageVisibilityPrivate
	made, err := images.Create(image, images.CreateOpts{
		Name: "sluice-gophercloud", DiskFormat: "raw", ContainerFormat: "bare", Visibility: &visibility,
	}).Extract()
	must("image create", err)
	bytes := strings.Repeat("sluice ", 500_000)
	must("image upload", imagedata.Upload(image, made.ID, io.MultiReader(strings.NewReader(bytes))).ExtractErr())
	body, err := imagedata.Download(image, made.ID).Extract()
	must("image download", err)
	down, err := io.ReadAll(body)
	must("image read", err)
	must("image delete", images.Delete(image, made.ID).ExtractErr())
	if sha256.Sum256(down) != sha256.Sum256([]byte(bytes)) {
		log.Fatal("the image came down otherwise than it went up")
	}
	return fmt.Sprintf("%d bytes", len(down))
}
