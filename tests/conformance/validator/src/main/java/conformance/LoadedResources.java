package conformance;

import ca.uhn.fhir.context.FhirContext;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.r5.context.IWorkerContext;
import org.hl7.fhir.r5.elementmodel.Element;
import org.hl7.fhir.r5.elementmodel.Manager;
import org.hl7.fhir.r5.elementmodel.Manager.FhirFormat;
import org.hl7.fhir.r5.model.CanonicalResource;
import org.hl7.fhir.r5.model.CanonicalType;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.IValidatorResourceFetcher;

/**
 * The publisher's own resources of one release: those with a URL are definitions to validate against, and all are what
 * references must resolve to, so that a reference to nothing, or to a wrong type, is an error.
 */
final class LoadedResources implements IValidatorResourceFetcher {
  private final FhirContext context;
  private final PrePopulatedValidationSupport definitions;
  private final Map<String, byte[]> byReference = new HashMap<>();
  private final Set<String> canonicals = new HashSet<>();
  private final Set<String> canonicalBases = new HashSet<>();

  LoadedResources(FhirContext context) {
    this.context = context;
    this.definitions = new PrePopulatedValidationSupport(context);
  }

  PrePopulatedValidationSupport definitions() {
    return definitions;
  }

  void add(JsonNode resource) {
    String text = resource.toString();
    String reference = resource.path("resourceType").asText() + "/" + resource.path("id").asText();
    byReference.put(reference, text.getBytes(StandardCharsets.UTF_8));
    String url = resource.path("url").asText();
    if (!url.isEmpty()) {
      canonicals.add(url);
      if (url.endsWith(reference)) {
        canonicalBases.add(url.substring(0, url.length() - reference.length()));
      }
      definitions.addResource(context.newJsonParser().parseResource(text));
    }
  }

  /** Resolves a literal reference, relative or absolute. */
  @Override
  public Element fetch(IResourceValidator validator, Object appContext, String url) throws IOException {
    String[] parts = url.split("/");
    if (parts.length < 2) {
      return null;
    }
    byte[] resource = byReference.get(parts[parts.length - 2] + "/" + parts[parts.length - 1]);
    IWorkerContext worker = (IWorkerContext) validator.getContext();
    return resource == null
        ? null
        : Manager.parseSingle(worker, new ByteArrayInputStream(resource), FhirFormat.JSON);
  }

  /** A canonical of the publisher must name one of the loaded; other publishers' are not known here. */
  @Override
  public boolean resolveURL(
      IResourceValidator validator,
      Object appContext,
      String path,
      String url,
      String type,
      boolean canonical,
      List<CanonicalType> targets) {
    return !canonical || canonicalBases.stream().filter(url::startsWith).allMatch(base -> isLoaded(base, url));
  }

  /** By its canonical URL or, for a type that has none (R4's Composition), by its place under the base. */
  private boolean isLoaded(String base, String url) {
    return canonicals.contains(url.split("[|#]")[0]) || byReference.containsKey(url.substring(base.length()));
  }

  @Override
  public byte[] fetchRaw(IResourceValidator validator, String url) {
    return null;
  }

  @Override
  public IValidatorResourceFetcher setLocale(Locale locale) {
    return this;
  }

  @Override
  public CanonicalResource fetchCanonicalResource(IResourceValidator validator, Object appContext, String url) {
    return null; // the validation support chain has them
  }

  @Override
  public boolean fetchesCanonicalResource(IResourceValidator validator, String url) {
    return false;
  }

  @Override
  public Set<ResourceVersionInformation> fetchCanonicalResourceVersions(
      IResourceValidator validator, Object appContext, String url) {
    return Set.of();
  }
}
