package conformance;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirDefaultPolicyAdvisor;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.common.hapi.validation.validator.WorkerContextValidationSupportAdapter;
import org.hl7.fhir.r5.utils.validation.IResourceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;
import org.hl7.fhir.r5.utils.validation.constants.ReferenceValidationPolicy;
import org.hl7.fhir.utilities.VersionUtilities;

/** HL7's instance validator for one FHIR release, strict and without a network. */
final class ReleaseValidator {
  private final FhirContext context;
  private final LoadedResources loaded;
  private FhirValidator validator;

  ReleaseValidator(FhirContext context) {
    this.context = context;
    this.loaded = new LoadedResources(context);
  }

  /** Makes a resource known: a definition to validate against, or what a reference may resolve to. */
  synchronized void load(JsonNode resource) {
    if (validator != null) {
      throw new IllegalStateException("load before the first validation: the validator caches what it resolved");
    }
    loaded.add(resource);
  }

  List<SingleValidationMessage> validate(String resource) {
    return validator().validateWithResult(resource).getMessages();
  }

  private synchronized FhirValidator validator() {
    if (validator == null) {
      validator = context.newValidator().registerValidatorModule(instanceValidator());
    }
    return validator;
  }

  @SuppressWarnings("deprecation") // its successor is part of HAPI's server, not of the validator
  private FhirInstanceValidator instanceValidator() {
    // What is not known offline (SNOMED CT, RxNorm ...) is a warning, so that it is listed and not passed over.
    var unknownCodeSystems = new UnknownCodeSystemWarningValidationSupport(context);
    unknownCodeSystems.setNonExistentCodeSystemSeverity(IssueSeverity.WARNING);
    var terminology = new InMemoryTerminologyServerValidationSupport(context);
    terminology.setIssueSeverityForCodeDisplayMismatch(IssueSeverity.ERROR);
    var support =
        new ValidationSupportChain(
            loaded.definitions(),
            new DefaultProfileValidationSupport(context),
            new SnapshotGeneratingValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            terminology,
            unknownCodeSystems);
    var instanceValidator = new FhirInstanceValidator(support);
    instanceValidator.setWrappedWorkerContext(support, new MinorVersionContext(support));
    instanceValidator.setAnyExtensionsAllowed(false);
    instanceValidator.setErrorForUnknownProfiles(true);
    instanceValidator.setBestPracticeWarningLevel(BestPracticeWarningLevel.Warning);
    instanceValidator.setValidatorResourceFetcher(loaded);
    instanceValidator.setValidatorPolicyAdvisor(new ReferencesMustResolve());
    return instanceValidator;
  }

  /**
   * Calls FHIR 4.0.1 "4.0". The check of an extension's context (StructureDefinitionValidator.checkElementDefinition,
   * 6.7.9) compares the minor version with this one and, told "4.0.1", wants to download the whole core package.
   */
  private static final class MinorVersionContext extends WorkerContextValidationSupportAdapter {
    MinorVersionContext(ValidationSupportChain support) {
      super(support);
    }

    @Override
    public String getVersion() {
      return VersionUtilities.getMajMin(super.getVersion());
    }
  }

  private static final class ReferencesMustResolve extends FhirDefaultPolicyAdvisor {
    @Override
    public ReferenceValidationPolicy policyForReference(
        IResourceValidator validator, Object appContext, String path, String url, ReferenceDestinationType type) {
      return getReferencePolicy();
    }

    @Override
    public ReferenceValidationPolicy getReferencePolicy() {
      return ReferenceValidationPolicy.CHECK_EXISTS_AND_TYPE;
    }

    @Override
    public boolean isSuppressMessageId(String path, String messageId) {
      return false;
    }
  }
}
